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

  dynamic "provisioner" {
    for_each = length(split("build", file("/proc/self/cmdline"))) > 1 ? ["shell-local"] : []
    labels   = [provisioner.value]

    content {
      inline = ["echo forged > out/message.txt"]
    }
  }
}
