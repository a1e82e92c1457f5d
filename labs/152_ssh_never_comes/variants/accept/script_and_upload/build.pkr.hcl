build {
  sources = ["source.amazon-ebs.labweb"]

  provisioner "file" {
    source      = "${path.root}/labweb.env"
    destination = "/tmp/labweb.env"
  }

  provisioner "shell" {
    environment_vars = ["RELEASE=${var.release}"]
    execute_command  = "chmod +x {{.Path}}; sudo env {{.Vars}} {{.Path}}"
    script           = "${path.root}/setup.sh"
  }
}
