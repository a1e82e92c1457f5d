variable "stamp" {
  type    = string
  default = timestamp()
}
