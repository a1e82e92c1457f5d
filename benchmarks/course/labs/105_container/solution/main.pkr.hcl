packer {
  required_plugins {
    docker = {
      source  = "github.com/hashicorp/docker"
      version = ">= 1.0.8"
    }
  }
}

source "docker" "app" {
  image  = "debian:bookworm-slim"
  commit = true
}

build {
  sources = ["source.docker.app"]

  provisioner "shell" {
    inline = ["echo app > /etc/app"]
  }

  post-processor "docker-tag" {
    repository = "lab/app"
    tags       = ["1.0"]
  }
}
