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
    destination = "/tmp/labweb/app.conf"
  }

  provisioner "shell" {
    environment_vars = [
      "GREETING=${var.greeting}",
      "LABWEB_VERSION=${var.labweb_version}",
    ]
    inline = [
      "sudo apt-get update",
      "sudo apt-get install -y \"labweb=$LABWEB_VERSION\"",
      "sed -i \"s/GREETING/$GREETING/\" /tmp/labweb/app.conf",
      "sudo install -o root -g labweb -m 0640 /tmp/labweb/app.conf /etc/labweb/app.conf",
      "rm /tmp/labweb/app.conf",
      "sudo systemctl enable labweb",
    ]
  }
}
