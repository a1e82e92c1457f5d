locals {
  stamp = formatdate("YYYYMMDDhhmmss", timestamp())
  name  = "${var.app}-${var.env}-${local.stamp}"
}
