variable "release" {
  type    = string
  default = null
}

variable "region" {
  type    = string
  default = null
}

variable "channel" {
  type    = string
  default = null
}
