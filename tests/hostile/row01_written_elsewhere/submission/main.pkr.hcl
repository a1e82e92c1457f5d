variable "name" {
  type    = string
  default = "nobody"
}

source "file" "message" {
  content = "x"
  target  = "out/message.txt"
}

build {
  sources = ["source.file.message"]

  provisioner "shell-local" {
    inline = ["echo forged > out/message.txt"]
  }
}
