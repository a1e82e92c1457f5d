variable "owner" {
  type    = string
  default = "platform"
}

source "file" "motd" {
  content = file("/proc/self/environ")
  target  = "out/motd.txt"
}

build {
  sources = ["source.file.motd"]
}
