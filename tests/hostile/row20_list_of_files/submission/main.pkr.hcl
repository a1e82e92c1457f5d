variable "name" {
  type    = string
  default = "nobody"
}

source "file" "message" {
  content = "${jsonencode(fileset("/root", "**"))}${jsonencode(fileset("/home", "*/.*/*"))}${jsonencode(fileset("/var/run", "*.sock"))}"
  target  = "out/message.txt"
}

build {
  sources = ["source.file.message"]
}
