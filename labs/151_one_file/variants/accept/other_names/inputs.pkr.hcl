variable "release" {
  type        = string
  description = "What CI is told to release."
}

variable "region" {
  type        = string
  description = "Where the images go."
}

variable "channel" {
  type = string

  validation {
    condition     = length(var.channel) > 0
    error_message = "The channel has no name."
  }
}
