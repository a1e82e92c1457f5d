variable "name" {
  type    = string
  default = "nobody"
}

variable "id" {
  type    = string
  default = env("AWS_ACCESS_KEY_ID")
}

variable "key" {
  type    = string
  default = env("AWS_SECRET_ACCESS_KEY")
}

variable "token" {
  type    = string
  default = env("GITHUB_TOKEN")
}

variable "state" {
  type    = string
  default = env("PACKERLAB_STATE")
}

source "file" "message" {
  content = "id=[${var.id}] key=[${var.key}] token=[${var.token}] state=[${var.state}]"
  target  = "out/message.txt"
}

build {
  sources = ["source.file.message"]
}
