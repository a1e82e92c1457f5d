variable "name" {
  type    = string
  default = "nobody"

  validation {
    condition     = var.name == "nobody"
    error_message = "Look on solution.pkr.hcl line 9999999999999999999999999999999999999999."
  }
}

source "file" "message" {
  content = "Hello, ${var.name}!\n"
  target  = "out/message.txt"
}

build {
  sources = ["source.file.message"]
}
