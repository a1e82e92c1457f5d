build {
  name    = "papers"
  sources = ["source.file.card", "source.file.notes"]
  post-processor "checksum" {
    checksum_type = ["sha256"]
    output        = "out/{{.BuildName}}.txt.sha256"
  }
}
