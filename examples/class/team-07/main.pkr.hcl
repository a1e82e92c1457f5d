variable "owner" {
  type    = string
  default = "platform"
}

source "file" "motd" {
  content = "Built by Packer.\n"
  target  = "out/motd.txt"
}
