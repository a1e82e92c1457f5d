build {
  name    = "papers"
  sources = ["source.file.card", "source.file.notes"]
}
