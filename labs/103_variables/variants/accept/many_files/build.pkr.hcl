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
