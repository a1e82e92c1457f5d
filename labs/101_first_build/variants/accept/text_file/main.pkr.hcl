variable "owner" {
  type    = string
  default = "platform"
}

source "file" "motd" {
  content = "${file("lines.txt")}Owner: ${var.owner}\n"
  target  = "out/motd.txt"
}

build {
  sources = ["source.file.motd"]
}
