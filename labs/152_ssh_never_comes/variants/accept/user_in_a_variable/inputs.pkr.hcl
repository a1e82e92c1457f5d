variable "login" {
  type = string
}

variable "attempts" {
  type    = number
  default = 12
}

variable "minutes" {
  type    = number
  default = 3
}

locals {
  patience = "${var.minutes}m30s"
}
