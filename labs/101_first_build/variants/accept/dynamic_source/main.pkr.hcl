variable "owner" {
  type    = string
  default = "platform"
}

source "file" "motd" {
  content = "Built by Packer.\nDo not edit by hand.\nOwner: ${var.owner}\n"
  target  = "out/motd.txt"
}

build {
  dynamic "source" {
    for_each = [1]
    labels   = ["file.motd"]
    content {}
  }
}
