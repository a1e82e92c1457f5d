variable "owner" {
  type    = string
  default = "operations"
}

source "file" "motd" {
  content = "Built by Packer.\nDo not edit by hand.\nOwner: ${var.owner}\n"
  target  = "out/motd.txt"
}

build {
  sources = ["source.file.motd"]
}
