packer {
  required_version = ">= 1.6"
}

variable "tags" {
  type    = map(string)
  default = { owner = "platform" }
}

variable "regions" {
  type    = list(string)
  default = ["north", "south"]
}

source "file" "spare" {
  content = "no build names it"
  target  = "out/spare.txt"
}
