source "null" "n" {
  communicator = "none"
}

build {
  sources = ["source.null.n"]

  post-processors {
  }

  post-processor "manifest" {}

  post-processors {
    post-processor "manifest" {
      only = ["null.n"]
    }
    dynamic "post-processor" {
      for_each = { a = "b" }
      labels   = ["shell-local"]
      content {
        inline = ["echo ${post-processor.key}"]
      }
    }
  }
}
