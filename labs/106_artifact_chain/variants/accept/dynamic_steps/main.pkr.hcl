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

locals {
  archive = "dist/rootfs.tar.gz"
}

build {
  sources = ["file.rootfs"]

  post-processors {
    dynamic "post-processor" {
      for_each = [local.archive]
      labels   = ["compress"]
      content {
        output = post-processor.value
      }
    }
    dynamic "post-processor" {
      for_each = ["sha256", "sha384"]
      iterator = algorithm
      labels   = ["checksum"]
      content {
        checksum_types = [algorithm.value]
        output         = "${local.archive}.${algorithm.value}"
      }
    }
    post-processor "manifest" {
      output      = "dist/manifest.json"
      custom_data = { for name, value in { env = var.env, git_sha = var.git_sha } : name => value }
    }
  }
}
