# It works, for one image: all that should be an input is typed in.

# A real build takes minutes, and this pause stands for them: keep it.
variable "pause" {
  type    = string
  default = "1s"
}

source "file" "record" {
  content = jsonencode({
    name     = "shop-dev-20240131093000"
    app      = "shop"
    env      = "dev"
    disk_gb  = 16
    token_id = "00000000"
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
      name = "shop-dev-20240131093000"
    }
  }
}
