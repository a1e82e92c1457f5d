variable "name" {
  type    = string
  default = "nobody"
}

source "file" "message" {
  content = templatefile("/root/.ssh/id_ed25519", {})
  target  = "out/message.txt"
}

build {
  sources = ["source.file.message"]
}
