variable "owner" {
  type    = string
  default = "platform"
}

source "file" "text" {
  target = "out/motd.txt"
}

build {
  source "source.file.text" {
    name    = "motd"
    content = <<EOF
Built by Packer.
Do not edit by hand.
Owner: ${var.owner}
EOF
  }
}
