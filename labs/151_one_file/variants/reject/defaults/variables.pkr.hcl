variable "release" {
  type = string
}

variable "region" {
  type    = string
  default = "eu-central-1"
}

variable "channel" {
  type    = string
  default = "prod-stable"
}
