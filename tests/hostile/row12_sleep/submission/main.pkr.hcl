source "null" "here" {
  communicator = "none"
}

build {
  sources = ["source.null.here"]

  provisioner "shell-local" {
    inline = ["trap '' HUP INT TERM QUIT", "while true; do sleep 1000; done"]
  }
}
