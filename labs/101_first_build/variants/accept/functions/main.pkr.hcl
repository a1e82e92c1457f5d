variable "owner" {
  type    = string
  default = "platform"
}

locals {
  folder = "${path.root}/out"
  lines = [
    format("Built by %s.", title("packer")),
    "Do not edit by hand.",
    "Owner: ${trimspace(var.owner)}",
  ]
}

source "file" "motd" {
  content = join("\n", local.lines)
  target  = "${local.folder}/motd.txt"
}

build {
  sources = ["source.file.motd"]
}
