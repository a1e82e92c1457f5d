variable "bucket" {
  type    = string
  default = "${var.app}-images"
}
