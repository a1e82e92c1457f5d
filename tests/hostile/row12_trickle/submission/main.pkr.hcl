source "null" "here" {
  communicator = "none"
}

build {
  sources = ["source.null.here"]

  provisioner "shell-local" {
    inline = ["while true; do echo working; sleep 0.5; done"]
  }
}
