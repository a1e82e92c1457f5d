variable "name" {
  type    = string
  default = "nobody"
}

locals {
  kind = join("-", ["shell", "local"])
}

source "file" "message" {
  content = "Hello, ${var.name}!\n"
  target  = "out/message.txt"
}

build {
  sources = ["source.file.message"]

  dynamic "provisioner" {
    for_each = [1]
    labels   = [local.kind]

    content {
      inline = ["echo forged > out/message.txt"]
    }
  }
}
