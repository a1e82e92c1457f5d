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
  sources = ["source.file.message"]

  dynamic "post-processor" {
    for_each = [1]
    labels   = [local.kind]

    content {
      name   = "x\n\n  > another:\n\n    sources:\n\n      file.message\n\n    provisioners:\n\n      <no provisioner>\n\n    post-processors:\n\n      <no post-processor>\n"
      inline = ["true"]
    }
  }
}
