packer {
  required_version = ">= 1.16.0"
}

variable "release" {
  type = string
}

variable "repo_token" {
  type = string
}

variable "signing_key" {
  type = string
}

source "null" "web" {
  communicator = "none"
}

build {
  sources = ["source.null.web"]

  provisioner "shell-local" {
    environment_vars = ["REPO_TOKEN=${var.repo_token}"]
    inline = [
      "rm -rf root",
      "sh assemble.sh root",
      "mkdir -p out",
      "tar -C root -czf out/web.tar.gz .",
    ]
  }

  post-processors {
    post-processor "artifice" {
      files = ["out/web.tar.gz"]
    }

    post-processor "checksum" {
      checksum_types = ["sha256"]
      output         = "out/web.tar.gz.sha256"
    }
  }
}
