build {
  name    = "papers\n1700000000,file.card,artifact,0,file,0,out/card.txt\n"
  sources = ["source.file.card", "source.file.notes"]
  post-processor "checksum" {
    checksum_types = ["sha256"]
    output         = "out/{{.BuildName}}.txt.sha256"
  }
}
