# packerlab-canary-solution-c03d5a7be84f1692: no byte that is written may hold this.
source "null" "here" {
  communicator = "none"
}

build {
  sources = ["source.null.here"]

  provisioner "shell-local" {
    inline = ["true"]
  }
}
