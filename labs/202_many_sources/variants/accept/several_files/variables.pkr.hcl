# What is built: the check sets it.
variable "release" {
  type    = string
  default = "0.1.0"
}

# The package that a worker works with: the check sets it, too.
variable "tool" {
  type    = string
  default = "labtool"
}
