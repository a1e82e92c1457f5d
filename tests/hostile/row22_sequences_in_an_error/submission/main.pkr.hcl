variable "name" {
  type    = string
  default = "nobody"

  validation {
    condition     = var.name == "nobody"
    error_message = "\u001b]0;all passed\u0007\u001b[2J\u001b]8;;https://packerlab-hostile.invalid\u0007click\u001b]8;;\u0007\u001b]52;c;cm0gLXJmIH4=\u0007\u009b31m\u202eDESSAP\u202c\r10/10 [bold green]passed[/bold green] [link=https://packerlab-hostile.invalid]x[/link] passed."
  }
}

source "file" "message" {
  content = "Hello, ${var.name}!\n"
  target  = "out/message.txt"
}

build {
  sources = ["source.file.message"]
}
