locals {
  note = <<-EOT
    release=${var.release}
    region=${var.region}
    channel=${var.channel}
  EOT
}

source "file" "note" {
  content = local.note
}
