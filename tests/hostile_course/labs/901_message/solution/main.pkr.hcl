# packerlab-canary-solution-c03d5a7be84f1692: no byte that is written may hold this.
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
}
