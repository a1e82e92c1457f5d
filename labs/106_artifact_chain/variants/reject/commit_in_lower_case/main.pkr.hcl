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
  content = "name=rootfs\ncommit=${var.git_sha}\n"
  target  = "dist/rootfs.txt"
}

build {
  sources = ["source.file.rootfs"]

  post-processors {
    post-processor "compress" {
      output = "dist/rootfs.tar.gz"
    }

    post-processor "checksum" {
      checksum_types = ["sha256"]
      output         = "dist/rootfs.tar.gz.{{.ChecksumType}}"
    }

    post-processor "manifest" {
      output = "dist/manifest.json"
      custom_data = {
        env     = var.env
        git_sha = lower(var.git_sha)
      }
    }
  }
}
