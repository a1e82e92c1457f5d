variable "release" {
  type = string

  validation {
    condition     = length(var.release) > 0
    error_message = "The release must not be empty."
  }
}

variable "image_owner" {
  type    = string
  default = "099720109477"
}

variable "image_key" {
  type = string
}
