source "file" "c" {
  target  = var.target
  content = local.content
}
