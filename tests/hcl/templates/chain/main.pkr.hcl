source "file" "x" {
  target  = "out/x.txt"
  content = "x"
}

build {
  sources = ["source.file.x"]

  post-processors {
    post-processor "compress" {
      output              = "out/x.tar.gz"
      keep_input_artifact = true
    }
    post-processor "checksum" {
      checksum_types = ["md5", "sha512"]
      output         = "out/x.{{ .ChecksumType }}"
    }
    post-processor "manifest" {
      name   = "the-list"
      output = "out/manifest.json"
    }
  }

  post-processor "shell-local" {
    inline = ["ls out"]
  }

  post-processors {
    post-processor "artifice" {
      files = ["out/x.txt"]
    }
    post-processor "compress" {
      output = "out/y.zip"
    }
  }
}
