# A real build takes minutes, and this pause stands for them: keep it.
variable "pause" {
  type    = string
  default = "1s"
}

locals {
  stamp = formatdate("YYYYMMDDhhmmss", timestamp())
  name  = "${var.app}-${var.env}-${local.stamp}"
}

source "file" "record" {
  content = jsonencode({
    name     = local.name
    app      = lower(var.app)
    env      = var.env
    disk_gb  = var.disk_gb
    token_id = substr(sha256(var.api_token), 0, 8)
  })
  target = "out/image.json"
}

build {
  sources = ["source.file.record"]

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
