variable "env" {
  type        = string
  description = "Where this image is going, such as dev or review-42."
  default     = "dev"
}

variable "git_sha" {
  type        = string
  description = "The commit that this image is built from."
  default     = "0000000"
}

source "file" "rootfs" {
}

build {
  dynamic "source" {
    for_each = {
      "dist/rootfs.txt"    = "name=rootfs\ncommit=${var.git_sha}\n"
      "dist/manifest.json" = jsonencode({ builds = [{ custom_data = { env = var.env, git_sha = var.git_sha } }] })
    }
    labels = ["file.rootfs"]
    content {
      target  = source.key
      content = source.value
    }
  }

  post-processors {
    post-processor "compress" {
      output = "dist/rootfs.tar.gz"
    }

    post-processor "checksum" {
      checksum_types = ["sha256"]
      output         = "dist/rootfs.tar.gz.sha256"
    }
  }
}
