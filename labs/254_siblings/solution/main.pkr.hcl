variable "release" {
  type        = string
  description = "The release that is delivered, such as 1.4.2. CI sets it for every build."
  default     = "0.0.0"
}

# Two appliances. Building the real ones takes forty minutes; here, one line stands for each disk.

source "file" "web" {
  content = "web ${var.release}\n"
  target  = "dist/web.img"
}

source "file" "worker" {
  content = "worker ${var.release}\n"
  target  = "dist/worker.img"
}

build {
  sources = ["source.file.web", "source.file.worker"]

  post-processors {
    post-processor "compress" {
      output = "dist/${source.name}-${var.release}.tar.gz"
    }

    post-processor "checksum" {
      checksum_types = ["sha256"]
      output         = "dist/${source.name}-${var.release}.tar.gz.sha256"
    }

    post-processor "manifest" {
      output = "dist/manifest.json"
    }
  }
}
