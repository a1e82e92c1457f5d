# A real build takes minutes, and this pause stands for them: keep it.
variable "pause" {
  type    = string
  default = "1s"
}
