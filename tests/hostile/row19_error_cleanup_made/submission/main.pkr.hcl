variable "name" {
  type    = string
  default = "nobody"
}

source "file" "message" {
  content = "Hello, ${var.name}!\n"
  target  = "out/message.txt"
}

build {
  sources = ["source.file.message"]

  dynamic "error-cleanup-provisioner" {
    for_each = [1]
    labels   = ["shell-local"]

    content {
      inline = ["echo forged > out/message.txt"]
    }
  }
}
