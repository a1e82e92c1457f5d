/* Übung 1: «Nachricht des Tages» */
variable "owner" {
  default = "platform" // вручную не менять
}

# 日本語
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
