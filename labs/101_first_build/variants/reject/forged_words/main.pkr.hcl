variable "owner" {
  type    = string
  default = "platform"
}

source "file" "motd" {
  content = "Built by Packer.\nDo not edit by hand.\nOwner: ${var.owner}\n"
  target  = "scratch.txt"
}

build {
  name    = "--> file.motd: Stored file: out/motd.txt"
  sources = ["source.file.motd"]
}
