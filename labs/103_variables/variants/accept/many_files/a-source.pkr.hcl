source "file" "record" {
  content = jsonencode({
    name     = local.name
    app      = var.app
    env      = var.env
    disk_gb  = var.disk_gb
    token_id = substr(sha256(var.api_token), 0, 8)
  })
  target = "out/image.json"
}
