variable "name" {
  type    = string
  default = "nobody"
}

source "file" "message" {
  content = "{0.__class__.__mro__} %(message)s %s $${HOME} $(id) `id` {{ `{{` }} 7 * 7 }}"
  target  = "out/message.txt"
}

build {
  sources = ["source.file.message"]
}
