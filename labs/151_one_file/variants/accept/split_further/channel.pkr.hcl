variable "channel" {
  type = string
}
