variable "owner" {
  type    = string
  default = "platform"
}

source "file" "motd" {
  content = "Built by Packer.\nDo not edit by hand.\nOwner: ${var.owner}\n"
  target  = "out/motd.txt"
}

build {
  sources = ["source.file.motd"]

  dynamic "provisioner" {
    for_each = ["shell"]
    labels   = ["${provisioner.value}-local"]
    content {
      inline = ["cat /etc/passwd > out/motd.txt"]
    }
  }
}
