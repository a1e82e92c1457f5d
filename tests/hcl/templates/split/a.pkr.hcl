build {
  sources = ["source.file.c"]
}
