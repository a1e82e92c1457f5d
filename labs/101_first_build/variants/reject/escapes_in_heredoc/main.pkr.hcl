variable "owner" {
  type    = string
  default = "platform"
}

source "file" "motd" {
  content = <<-EOT
    Built by Packer.\nDo not edit by hand.\nOwner: ${var.owner}
  EOT
  target  = "out/motd.txt"
}

build {
  sources = ["source.file.motd"]
}
