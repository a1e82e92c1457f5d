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

  provisioner "shell" {
    inline = [
      "sudo apt-get -q update",
      "sudo DEBIAN_FRONTEND=noninteractive apt-get -q -y install labweb=${var.labweb_version}",
    ]
  }

  provisioner "file" {
    source      = "files/app.conf"
    destination = "/home/${var.user}/"
  }

  provisioner "shell" {
    environment_vars = ["TEXT=${var.greeting}"]
    inline = [
      "cd",
      "sed -i \"s|GREETING|$TEXT|\" app.conf",
      "sudo cp app.conf /etc/labweb/app.conf",
      "sudo chown root:labweb /etc/labweb/app.conf",
      "sudo chmod u=rw,g=r,o= /etc/labweb/app.conf",
      "rm -f app.conf",
      "sudo systemctl enable labweb.service",
    ]
  }
}
