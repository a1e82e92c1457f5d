variable "release" {
  type = string
}

variable "region" {
  type = string
}

variable "channel" {
  type = string
}

source "file" "release" {
  content = "release=${var.release}\nregion=${var.region}\nchannel=${var.channel}\n"
  target  = "out/release.txt"
}

build {
  sources = ["source.file.release"]
}
