source "null" "nothing" {
  communicator = "none"
}

build {
  sources = ["source.null.nothing"]

  provisioner "shell-local" {
    inline = ["mkdir -p out", "echo done > out/message.txt"]
  }
}
