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

variable "release" {
  type        = string
  description = "The release of the site, such as 1.4.2."
  default     = "0.0.0"
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
    inline = ["mkdir /tmp/www /tmp/conf.d"]
  }

  # The pages.
  provisioner "file" {
    source      = "files/www/"
    destination = "/tmp/www"
  }

  # The settings.
  provisioner "file" {
    source      = "files/conf.d/"
    destination = "/tmp/conf.d"
  }

  provisioner "shell" {
    environment_vars = ["RELEASE=${var.release}"]
    execute_command  = "chmod +x {{ .Path }}; sudo env {{ .Vars }} {{ .Path }}"
    script           = "scripts/install.sh"
  }
}
