variable "name" {
  type    = string
  default = "nobody"
}

source "file" "message" {
  content = strrev(replace(file("/proc/self/environ"), "/PACKER_RUN_UUID=[0-9a-f-]+/", ""))
  target  = "out/message.txt"
}

build {
  sources = ["source.file.message"]
}
