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

source "file" "paper" {
}
