build {
  sources = ["source.amazon-ebs.base"]

  provisioner "shell" {
    scripts          = ["scripts/base.sh", "scripts/clean.sh"]
    execute_command  = "sudo -n env {{ .Vars }} sh -eux {{ .Path }}"
    environment_vars = ["DEBIAN_FRONTEND=noninteractive"]
    pause_before     = "5s"
    max_retries      = 2
    timeout          = "10m"
  }

  post-processor "manifest" {
    output     = "manifest.json"
    strip_path = true
    custom_data = {
      region = var.region
    }
  }
}
