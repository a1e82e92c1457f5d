build {
  name    = "papers"
  sources = ["source.file.card", "source.file.notes"]
  post-processor "checksum" {
    output = "out/{{.BuildName}}.txt.sha256"
  }
}
