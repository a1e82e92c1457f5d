packer {
  required_version = ">= 1.6.6"
}

build {
  name = "release"

  source "source.file.note" {
    name   = "production"
    target = "out/release.txt"
  }
}
