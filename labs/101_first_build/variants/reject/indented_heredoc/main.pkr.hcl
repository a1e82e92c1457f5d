variable "owner" {
  type    = string
  default = "platform"
}

source "file" "motd" {
  content = <<EOT
    Built by Packer.
    Do not edit by hand.
    Owner: ${var.owner}
    EOT
  target  = "out/motd.txt"
}

build {
  sources = ["source.file.motd"]
}
