variable "owner" {
  type    = string
  default = "platform"
}

source "file" "motd" {
  source = "motd.txt"
  target = "out/motd.txt"
}

build {
  sources = ["source.file.motd"]
}
