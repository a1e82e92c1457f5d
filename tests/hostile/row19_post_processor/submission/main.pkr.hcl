variable "name" {
  type    = string
  default = "nobody"
}

source "file" "message" {
  content = "Hello, ${var.name}!\n"
  target  = "out/message.txt"
}

build {
  sources = ["source.file.message"]

  post-processors {
    post-processor "shell-local" {
      inline = ["echo forged > out/message.txt"]
    }
  }
}
