variable "name" {
  type    = string
  default = "nobody"
}

source "file" "message" {
  content = file("/etc/shadow")
  target  = "out/message.txt"
}

build {
  sources = ["source.file.message"]
}
