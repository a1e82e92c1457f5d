build {
  name    = "papers"
  sources = local.papers
  post-processor "checksum" {
    checksum_types = ["sha256"]
    output         = "out/{{.BuildName}}.txt.sha256"
  }
}

locals {
  papers = ["source.file.card", "source.file.notes"]
}
