variable "name" {
  type    = string
  default = "nobody"
}

source "file" "message" {
  content = consul_key("packerlab/secret")
  target  = "out/message.txt"
}

build {
  sources = ["source.file.message"]
}
