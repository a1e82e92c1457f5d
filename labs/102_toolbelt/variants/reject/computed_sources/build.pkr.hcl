locals {
  texts = {
    card  = "image=${local.image_name}\nrelease=${var.release}\n"
    notes = "Notes on ${local.image_name}\n"
  }
}

build {
  dynamic "source" {
    for_each = local.texts
    labels   = ["file.paper"]
    content {
      name    = source.key
      content = source.value
      target  = "out/${source.key}.txt"
    }
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
