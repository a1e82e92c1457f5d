variable "name" {
  type    = string
  default = "nobody"
}

locals {
  some = range(200)
  all  = setproduct(local.some, local.some, local.some, local.some)
}

source "file" "message" {
  content = "${length(local.all)}"
  target  = "out/message.txt"
}

build {
  sources = ["source.file.message"]
}
