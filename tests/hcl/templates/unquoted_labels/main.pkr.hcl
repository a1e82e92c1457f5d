variable name {
  default = "x"
}
source file "x" {
  target = "out/${var.name}"
}
build {
  sources = ["source.file.x"]
  provisioner shell-local {
    inline = ["true"]
  }
}
