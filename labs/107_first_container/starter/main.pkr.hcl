packer {
  required_plugins {
    docker = {
      source  = "github.com/hashicorp/docker"
      version = ">= 1.0.8"
    }
  }
}

variable "release" {
  type        = string
  description = "The release that this image is, such as 1.4.2."
}

variable "greeting" {
  type    = string
  default = "Hello from labweb"
}

variable "token" {
  type        = string
  sensitive   = true
  description = "Proves that this labweb is paid for; a secret."
}

source "docker" "labweb" {
  image       = "debian:bookworm-slim"
  export_path = "labweb.tar"
  changes = [
    "ENV GREETING=${var.greeting} TOKEN=${var.token}",
    "CMD [\"labweb\"]",
  ]
}

build {
  sources = ["source.docker.labweb"]

  provisioner "file" {
    source      = "configure.sh"
    destination = "/root/configure.sh"
  }

  provisioner "shell" {
    inline = [
      "apt-get update",
      "apt-get install -y labweb",
    ]
  }
}
