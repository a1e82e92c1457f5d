variable "name" {
  type    = string
  default = "nobody"
}
