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
  content = jsonencode({
    builds = [{
      name            = "rootfs"
      builder_type    = "file"
      build_time      = 1700000000
      files           = [{ name = "dist/rootfs.tar.gz", size = 131 }]
      artifact_id     = ""
      packer_run_uuid = "0d0c4bd6-5b4c-9f5e-2f0e-2a1d0b7f3c11"
      custom_data     = { env = var.env, git_sha = var.git_sha }
    }]
    last_run_uuid = "0d0c4bd6-5b4c-9f5e-2f0e-2a1d0b7f3c11"
  })
  target = "dist/manifest.json"
}

build {
  sources = ["source.file.rootfs"]
}
