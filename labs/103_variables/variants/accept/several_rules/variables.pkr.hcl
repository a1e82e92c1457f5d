variable "app" {
  type        = string
  description = "What the image is for. Must be given."
}

variable "env" {
  type        = string
  description = "Where the image will run."
  default     = "dev"

  validation {
    condition     = length(var.env) > 2
    error_message = "An env has at least three letters."
  }

  validation {
    condition     = contains(["dev", "stage", "prod"], lower(var.env))
    error_message = "There are three environments, and this template knows no others: dev for trying things out, stage for the last look, and prod for what customers use."
  }

  validation {
    condition     = var.env == lower(var.env)
    error_message = <<-END
      Write the env
      in small letters.
    END
  }
}

variable "disk_gb" {
  type        = number
  description = "The size of the root disk in gigabytes."
  default     = 16

  validation {
    condition     = var.disk_gb >= 8
    error_message = "Disks of less than 8 gigabytes are too small."
  }

  validation {
    condition     = var.disk_gb < 10000
    error_message = "Disks of more than 9999 gigabytes are too large."
  }
}

variable "api_token" {
  type        = string
  description = "Signs the image in at the registry. Must be given, never in a file."
  sensitive   = true

  validation {
    condition     = length(var.api_token) > 7
    error_message = "The token has at least 8 characters."
  }
}
