variable "app" {
  type        = string
  description = "Wofür das Abbild ist."
}

variable "env" {
  type        = string
  description = "Where the image will run."
  default     = "dev"

  validation {
    condition     = contains(["dev", "stage", "prod"], var.env)
    error_message = "Допустимы только dev, stage и prod."
  }
}

variable "disk_gb" {
  type        = number
  description = "The size of the root disk in gigabytes."
  default     = 16

  validation {
    condition     = var.disk_gb >= 8
    error_message = "Ο δίσκος θέλει τουλάχιστον 8 GB."
  }
}

variable "api_token" {
  type        = string
  description = "Signs the image in at the registry. Must be given, never in a file."
  sensitive   = true
}
