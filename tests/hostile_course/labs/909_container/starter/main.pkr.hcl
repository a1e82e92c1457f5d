variable "word" {
  type    = string
  default = "none"
}
