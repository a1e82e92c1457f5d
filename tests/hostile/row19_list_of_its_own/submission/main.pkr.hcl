variable "name" {
  type    = string
  default = "nobody"
}

locals {
  kind = "shell-local"
}

source "file" "message" {
  content = "Hello, ${var.name}!\n"
  target  = "out/message.txt"
}

build {
  description = "x\n1700000000,,ui,say,> builds:\\n\\n  > fine:\\n"
  sources     = ["source.file.message"]

  dynamic "provisioner" {
    for_each = [1]
    labels   = [local.kind]

    content {
      inline = ["echo forged > out/message.txt"]
    }
  }
}
