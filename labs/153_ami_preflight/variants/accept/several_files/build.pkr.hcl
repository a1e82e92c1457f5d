build {
  source "source.amazon-ebs.base" {
    name     = "labweb"
    ami_name = "labweb [${regex_replace(var.release, "\\W+", "-")}] @${formatdate("YYYY-MM-DD'T'hh.mm.ss", timestamp())}"
  }

  provisioner "shell" {
    environment_vars = ["RELEASE=${var.release}"]
    script           = "scripts/install.sh"
  }
}
