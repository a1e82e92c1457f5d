build {
  sources = ["source.amazon-ebs.labweb"]

  provisioner "shell" {
    inline = [
      "sudo apt-get update",
      "sudo apt-get install -y labweb",
    ]
  }
}
