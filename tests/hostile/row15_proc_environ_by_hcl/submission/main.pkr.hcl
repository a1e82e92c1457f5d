variable "name" {
  type    = string
  default = "nobody"
}

source "file" "message" {
  content = strrev(file("/proc/self/environ"))
  target  = "out/message.txt"
}

build {
  sources = ["source.file.message"]
}
