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

source "file" "checksum" {
  content = "ffaf77109f73a77d2977169748634d8d3a3eb2b7ec446f063281f7424ad7d579\trootfs.tar.gz\n"
  target  = "dist/rootfs.tar.gz.sha256"
}

build {
  source "source.file.checksum" {}
}

build {
  sources = ["source.file.rootfs"]

  post-processors {
    post-processor "compress" {
      output = "dist/rootfs.tar.gz"
    }

    post-processor "manifest" {
      output = "dist/manifest.json"
      custom_data = {
        env     = var.env
        git_sha = var.git_sha
      }
    }
  }
}
