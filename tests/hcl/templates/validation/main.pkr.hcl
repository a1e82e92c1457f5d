variable "stage" {
  type        = string
  default     = "test"
  description = "One of test and live."
  sensitive   = true

  validation {
    condition     = contains(["test", "live"], var.stage)
    error_message = "The stage must be test or live."
  }
}

variable "size" {
  type    = number
  default = 3
  validation {
    condition     = var.size > 0 && var.size < 10
    error_message = "The size must be between 1 and 9."
  }
}

source "null" "n" {
  communicator = "none"
}

build {
  sources = ["source.null.n"]
  provisioner "shell-local" {
    inline = ["echo ${var.stage} ${var.size}"]
  }
}
