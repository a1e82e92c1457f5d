source "file" "marked" {
  target = "out/x"
}

build {
  sources = ["source.file.marked"]
}
