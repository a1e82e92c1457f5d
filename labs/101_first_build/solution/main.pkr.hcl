source "file" "motd" {
  content = "Built by Packer.\nDo not edit by hand.\n"
  target  = "out/motd.txt"
}

build {
  sources = ["source.file.motd"]
}
