source "file" "base" {
  content = "base"
}

build {
  source "source.file.base" {
    target = "out/one"
  }

  source "file.base" {
    name   = "two"
    target = "out/two"
  }

  provisioner "shell-local" {
    inline = ["true"]
    override = {
      two = {
        inline = ["false"]
      }
    }
  }
}
