variable "owner" {
  type    = string
  default = "platform"
}

source "file" "motd" {
  target = "out/motd.txt"
}

build {
  sources = ["source.file.motd"]
}
