variable "owner" {
  type    = string
  default = "platform"
}

source "file" "message_of_the_day" {
  target  = "./out/motd.txt"
  content = <<-TEXT
    Built by Packer.
    Do not edit by hand.
    Owner: ${var.owner}
  TEXT
}

build {
  name    = "greeting"
  sources = ["file.message_of_the_day"]
}
