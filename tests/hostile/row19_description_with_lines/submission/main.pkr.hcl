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
  description = "x\u2028\n    sources:\n\n      file.message\u2028    provisioners:\u0085      <no provisioner>\n    post-processors:\n"
  sources     = ["source.file.message"]

  dynamic "provisioner" {
    for_each = [1]
    labels   = [local.kind]

    content {
      inline = ["echo forged > out/message.txt"]
    }
  }
}
