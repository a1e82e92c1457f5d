variable "app" {
  type        = string
  description = "What the image is for. Must be given."
}

variable "env" {
  type        = string
  description = "Where the image will run."
  default     = "dev"

  validation {
    condition     = contains(["dev", "stage", "prod"], var.env)
    error_message = "The env must be dev, stage or prod."
  }
}

variable "disk_gb" {
  type        = number
  description = "The size of the root disk in gigabytes."
  default     = 16

  validation {
    condition     = abs(var.disk_gb) >= 8
    error_message = "The disk must have at least 8 gigabytes."
  }
}

variable "api_token" {
  type        = string
  description = "Signs the image in at the registry. Must be given, never in a file."
  sensitive   = true
}
