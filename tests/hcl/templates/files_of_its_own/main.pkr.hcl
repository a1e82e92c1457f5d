locals {
  text     = file("${path.root}/notes.txt")
  rendered = templatefile("${path.root}/page.tpl", { name = "x" })
  all      = fileset(path.root, "*.txt")
}

source "file" "x" {
  target  = "out/x"
  content = "${local.text}${local.rendered}${join("", local.all)}"
}

build {
  sources = ["source.file.x"]
}
