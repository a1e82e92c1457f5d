variable "owner" {}
