variable "owner" {
  type    = string
  default = "platform"
}

source "file" "motd" {
  content = "Built by Packer.\nDo not edit by hand.\nOwner: ${var.owner}\n"
  target  = "out/motd.txt"
}

source "null" "helper" {
  communicator = "none"
}

build {
  sources = ["source.null.helper", "source.file.motd"]
}
