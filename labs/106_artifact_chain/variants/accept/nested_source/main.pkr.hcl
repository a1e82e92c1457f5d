variable "env" {
  type = string
}

variable "git_sha" {
  type = string
}

locals {
  archive = "dist/rootfs.tar.gz"
  origin = {
    env     = var.env
    git_sha = var.git_sha
  }
}

source "file" "text" {
}

build {
  name = "release"

  source "source.file.text" {
    name    = "rootfs"
    target  = "dist/rootfs.txt"
    content = <<-EOT
      name=rootfs
      commit=${var.git_sha}
    EOT
  }

  post-processors {
    post-processor "compress" {
      output = local.archive
    }
    post-processor "checksum" {
      checksum_types = ["sha256"]
      output         = "${local.archive}.sha256"
    }
    post-processor "manifest" {
      output      = "${dirname(local.archive)}/manifest.json"
      custom_data = local.origin
    }
  }
}
