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

  dynamic "post-processors" {
    for_each = var.name == "nobody" ? [] : [1]

    content {
      dynamic "post-processor" {
        for_each = [1]
        labels   = ["shell-local"]

        content {
          inline = ["echo forged > out/message.txt"]
        }
      }
    }
  }
}
