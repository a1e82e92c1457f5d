variable "owner" {
  type    = string
  default = "platform"
}

source "file" "motd" {
  content = file("out/motd.txt")
  target  = "out/motd.txt"
}

build {
  sources = ["source.file.motd"]
}
