variable "owner" {
  type    = string
  default = "platform"
}

source "file" "motd" {
  content = join("\n", [
    "Built by Packer.",
    "Do not edit by hand.",
    "Owner: ${join("", [for a in range(0, 1000) : join("", [for b in range(0, 500) : "abcd"])])}",
  ])
  target = "out/motd.txt"
}

build {
  sources = ["source.file.motd"]
}
