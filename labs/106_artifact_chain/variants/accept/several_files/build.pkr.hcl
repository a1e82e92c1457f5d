build {
  sources = ["source.file.rootfs"]

  post-processors {
    post-processor "compress" {
      output = "${var.folder}/rootfs.tar.gz"
    }

    post-processor "checksum" {
      checksum_types = ["sha256"]
      output         = "${var.folder}/rootfs.tar.gz.sha256"
    }

    post-processor "manifest" {
      output = "${var.folder}/manifest.json"
      custom_data = {
        env     = var.env
        git_sha = var.git_sha
      }
    }
  }
}
