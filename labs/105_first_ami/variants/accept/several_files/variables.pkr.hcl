variable "region" {
  type = string
}

variable "team" {
  type = string
}
