variable "host" {
  type        = string
  description = "The address of the machine that becomes the image."
}

variable "user" {
  type        = string
  description = "Who logs in there, and may use sudo without a password."
}

variable "private_key_file" {
  type        = string
  description = "The private key that opens the machine."
}

variable "labtool_version" {
  type    = string
  default = "2.0"
}

variable "labweb_version" {
  type    = string
  default = "1.1"
}

variable "plugin_version" {
  type    = string
  default = "1.0"
}

source "null" "machine" {
  ssh_host             = var.host
  ssh_username         = var.user
  ssh_private_key_file = var.private_key_file
  ssh_timeout          = "20s"
}

build {
  sources = ["source.null.machine"]

  # Support wants to see in the image what was installed.
  provisioner "shell" {
    inline_shebang   = "/bin/bash -e"
    environment_vars = ["LABTOOL_VERSION=${var.labtool_version}"]
    inline = [
      "set -o pipefail",
      "sudo apt-get update",
      "sudo apt-get install -y labtool=$LABTOOL_VERSION 2>&1 | sudo tee /var/log/setup.log",
    ]
  }

  provisioner "file" {
    source      = "${path.root}/files/app.conf"
    destination = "/tmp/app.conf"
  }

  provisioner "shell" {
    environment_vars = ["LABWEB_VERSION=${var.labweb_version}"]
    script           = "${path.root}/scripts/labweb.sh"
  }

  provisioner "shell" {
    environment_vars = ["PLUGIN_VERSION=${var.plugin_version}"]
    inline           = ["sudo apt-get install -y labweb-plugin=$PLUGIN_VERSION"]
  }

  provisioner "shell" {
    environment_vars = ["LABWEB_VERSION=${var.labweb_version}"]
    script           = "${path.root}/scripts/smoke.sh"
  }
}
