source "file" "a" {
  target = "out/a"
}
source "file" "b" {
  target = "out/b"
}
source "null" "c" {
  communicator = "none"
}

build {
  name    = "first"
  sources = ["source.file.a", "file.b"]

  post-processor "checksum" {
    checksum_types = ["sha256"]
    output         = "out/{{ .BuildName }}.sum"
  }
}

build {
  name    = "second"
  sources = ["source.null.c"]

  provisioner "shell-local" {
    only   = ["null.c"]
    inline = ["true"]
  }
}
