variable "release" {
  type    = string
  default = "dev"
}

variable "region" {
  type = string
}

variable "channel" {
  type = string
}
