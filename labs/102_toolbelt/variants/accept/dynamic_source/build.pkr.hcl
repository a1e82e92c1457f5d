build {
  name    = "papers"
  sources = ["source.file.card"]

  dynamic "source" {
    for_each = [1]
    labels   = ["file.notes"]
    content {}
  }

  post-processor "checksum" {
    checksum_types = ["sha256"]
    output         = "out/{{.BuildName}}.txt.sha256"
  }
}
