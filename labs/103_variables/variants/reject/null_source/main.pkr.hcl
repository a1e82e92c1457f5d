# A real build takes minutes, and this pause stands for them: keep it.
variable "pause" {
  type    = string
  default = "1s"
}

locals {
  stamp = formatdate("YYYYMMDDhhmmss", timestamp())
  name  = "${var.app}-${var.env}-${local.stamp}"
}

source "null" "record" {
  communicator = "none"
}

build {
  sources = ["source.null.record"]

  # A breakpoint that is switched off does nothing but wait.
  provisioner "breakpoint" {
    disable      = true
    pause_before = var.pause
  }

  post-processor "manifest" {
    output = "out/manifest.json"
    custom_data = {
      name = local.name
    }
  }
}
