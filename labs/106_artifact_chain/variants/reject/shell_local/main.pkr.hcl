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

  post-processor "shell-local" {
    inline = [
      "tar -C dist -czf dist/rootfs.tar.gz rootfs.txt",
      "cd dist && sha256sum rootfs.tar.gz > rootfs.tar.gz.sha256",
    ]
  }
}
