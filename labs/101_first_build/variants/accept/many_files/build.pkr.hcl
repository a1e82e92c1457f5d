build {
  sources = ["source.file.motd"]
}
