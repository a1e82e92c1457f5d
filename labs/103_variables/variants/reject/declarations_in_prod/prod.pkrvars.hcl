variable "env" {
  default = "prod"
}

variable "disk_gb" {
  default = 64
}
