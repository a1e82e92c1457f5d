variable "owner" {
  type    = string
  default = "platform"
}
