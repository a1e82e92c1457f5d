# The papers of the web image: a card that says what it is, and notes for those who run it.

variable "owner" {
  type        = string
  description = "Who looks after the image."
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

source "file" "card" {
  content = "image=${local.image_name}\nrelease=${var.release}\n"
  target  = "out/card.txt"
}

source "file" "notes" {
  content = "Notes on ${local.image_name}\n"
  target  = "out/notes.txt"
}
