source "file" "motd" {
  content = "Built by Packer.\n"
  target  = "out/motd.txt"
}

build {
  sources = ["source.file.motd"]
}
