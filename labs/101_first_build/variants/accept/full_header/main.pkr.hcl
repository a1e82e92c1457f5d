packer {
  required_version = ">= 1.6.6"
  required_plugins {
  }
}

variable "owner" {
  type    = string
  default = "platform"
}

source "file" "motd" {
  content = "Built by Packer.\nDo not edit by hand.\nOwner: ${var.owner}\n"
  target  = "out/motd.txt"
}

source "file" "unused" {
  content = "Only described.\n"
  target  = "out/unused.txt"
}

build {
  description = "The message of the day."
  sources     = ["source.file.motd"]
}
