variable "env" {
  type = string
}

variable "git_sha" {
  type = string

  validation {
    condition     = length(var.git_sha) >= 7 && length(var.git_sha) <= 40
    error_message = "The git_sha value must have 7 to 40 digits."
  }
}

variable "folder" {
  type = string
}
