source "file" "by_reference" {
  target = "out/x"
}

locals {
  built = "source.file.by_reference"
}

build {
  sources = [source.file.by_reference]
}
