source "file" "x" {
  target  = "out/x"
  content = "source \"null\" \"y\" {\n  communicator = \"none\"\n}\nbuild {"
}

locals {
  example = <<EOT
build {
  sources = ["source.null.y"]
  provisioner "shell-local" {
    inline = ["true"]
  }
}
EOT
}

build {
  description = "Sources: file. Provisioners: none."
  sources     = ["source.file.x"]
}
