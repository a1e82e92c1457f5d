variable "version" {
  type = string
}

variable "region" {
  type = string
}

variable "channel" {
  type = string
}
