source "file" "team" {
  content = var.owner
  target  = "out/team.txt"
}

build {
  sources = ["source.file.card", "source.file.notes", "source.file.team"]

  post-processors {
    dynamic "post-processor" {
      for_each = ["sha256"]
      labels   = ["checksum"]
      content {
        checksum_types = [post-processor.value]
        output         = "out/{{.BuildName}}.txt.sha256"
      }
    }
  }
}
