variable "owner" {
  type    = string
  default = "platform"
}

source "file" "motd" {
  content = templatefile("${path.root}/motd.pkrtpl", { name = var.owner })
  target  = "out/motd.txt"
}

build {
  sources = ["source.file.motd"]
}
