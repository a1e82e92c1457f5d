variable "name" {
  type    = string
  default = "nobody"
}

locals {
  some = range(1000)
  a    = setproduct(local.some, local.some)
  b    = setproduct(local.some, local.some)
  c    = setproduct(local.some, local.some)
  d    = setproduct(local.some, local.some)
}

source "file" "message" {
  content = "${length(local.a) + length(local.b) + length(local.c) + length(local.d)}"
  target  = "out/message.txt"
}

build {
  sources = ["source.file.message"]
}
