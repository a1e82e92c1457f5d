build {
  sources = ["source.null.release"]

  provisioner "shell-local" {
    inline = ["mkdir -p out", "echo release=${var.release} >out/release.txt"]
  }
}
