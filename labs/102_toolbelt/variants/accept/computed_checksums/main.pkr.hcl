# The papers of the web image: a card that says what it is, and notes for those who run it.

variable "owner" {
  type        = string
  description = "Who looks after the image."
  default     = "image-team"
}

variable "release" {
  type        = string
  description = "The release of the web application, such as 2.4 or 3.0-RC1."
  default     = "2.4"
}

locals {
  version    = replace(var.release, ".", "-")
  image_name = lower("web-${var.owner}-${local.version}")
}

locals {
  card  = "image=${local.image_name}\nrelease=${var.release}\n"
  notes = "Notes on ${local.image_name}\n"
}

source "file" "card" {
  content = local.card
  target  = "out/card.txt"
}

source "file" "card_sum" {
  content = "${sha256(local.card)}  card.txt\n"
  target  = "out/card.txt.sha256"
}

source "file" "notes" {
  content = local.notes
  target  = "out/notes.txt"
}

source "file" "notes_sum" {
  content = "${upper(sha256(local.notes))} *notes.txt\n"
  target  = "out/notes.txt.sha256"
}
