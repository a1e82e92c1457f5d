build {
  source "source.file.paper" {
    name    = "card"
    content = "image=${local.image_name}\nrelease=${var.release}\n"
    target  = "out/card.txt"
  }

  source "file.paper" {
    name    = "notes"
    content = "Notes on ${local.image_name}\n"
    target  = "out/notes.txt"
  }

  post-processor "checksum" {
    only           = ["file.card"]
    checksum_types = ["sha256"]
    output         = "out/card.txt.sha256"
  }

  post-processor "checksum" {
    only           = ["file.notes"]
    checksum_types = ["sha256"]
    output         = "out/notes.txt.sha256"
  }
}
