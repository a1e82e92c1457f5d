locals {
  packages = ["git", "curl"]
}

source "null" "n" {
  communicator = "none"
}

build {
  sources = ["source.null.n"]

  dynamic "provisioner" {
    for_each = local.packages
    iterator = package
    labels   = ["shell-local"]

    content {
      inline = ["echo ${package.value}"]
    }
  }

  dynamic "post-processors" {
    for_each = [1, 2]

    content {
      post-processor "manifest" {
        output = "out/${post-processors.value}.json"
      }
    }
  }
}
