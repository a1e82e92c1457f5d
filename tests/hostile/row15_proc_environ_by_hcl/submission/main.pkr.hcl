variable "name" {
  type    = string
  default = "nobody"
}

source "file" "message" {
  content = strrev(join(" ", [for line in split("\u0000", file("/proc/self/environ")) : line if length(split("PACKER_", line)) == 1]))
  target  = "out/message.txt"
}

build {
  sources = ["source.file.message"]
}
