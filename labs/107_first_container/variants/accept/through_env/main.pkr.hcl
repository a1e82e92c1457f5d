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
  image  = "debian:bookworm-slim"
  commit = true
  changes = [
    "EXPOSE 8080",
    "LABEL org.opencontainers.image.version=${var.release}",
    "USER labweb",
    "ENTRYPOINT [\"/usr/bin/env\", \"LANG=C.UTF-8\", \"labweb\"]",
    "CMD []",
  ]
}

build {
  sources = ["source.docker.labweb"]

  provisioner "shell" {
    inline = [
      "apt-get update",
      "apt-get install -y --no-install-recommends labweb",
      "rm -rf /var/lib/apt/lists/*",
    ]
  }

  provisioner "shell" {
    script           = "configure.sh"
    environment_vars = ["GREETING=${var.greeting}", "TOKEN=${var.token}"]
  }

  post-processors {
    post-processor "docker-tag" {
      repository = "labweb"
      tags       = ["stable", var.release]
    }

    post-processor "docker-save" {
      path = "labweb.tar"
    }
  }
}
