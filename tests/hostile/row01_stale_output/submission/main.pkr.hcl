variable "name" {
  type    = string
  default = "nobody"
}

source "file" "message" {
  content = "Hello, nobody!\n"
  target  = "out/other.txt"
}

build {
  sources = ["source.file.message"]
}
