variable "owner" {
  type    = string
  default = "platform"
}

source "file" "motd" {
  content = "${join("", [for name in fileset(path.root, "out/*") : file("${path.root}/${name}")])}Built by Packer.\nDo not edit by hand.\nOwner: ${var.owner}\n"
  target  = "out/motd.txt"
}

build {
  sources = ["source.file.motd"]
}
