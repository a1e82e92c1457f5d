variable "api_token" {
  sensitive = true
  type      = string
}
variable "app" { type = string }
variable "pause" { default = "2s" }
variable "disk_gb" {
  type    = number
  default = 8
  validation {
    error_message = "Eight gigabytes, please, or more!"
    condition     = var.disk_gb < 8 ? false : true
  }
}
variable "env" {
  type    = string
  default = "dev"
  validation {
    error_message = "Which environment? It is dev, stage or prod."
    condition     = var.env == "dev" || var.env == "stage" || var.env == "prod"
  }
}

source "file" "paper" {
  target = "./out/image.json"
}

build {
  name = "paper"

  source "file.paper" {
    content = <<-RECORD
      {
        "token_id": "${substr(sha256("${var.api_token}"), 0, 8)}",
        "app": "${var.app}", "env": "${var.env}",
        "disk_gb": ${var.disk_gb},
        "name": "${local.image}"
      }
    RECORD
  }
  provisioner "breakpoint" {
    pause_before = local.wait
    disable      = true
    note         = "the real work would be here"
  }
  post-processors {
    post-processor "manifest" {
      output      = "./out/manifest.json"
      custom_data = { name = local.image }
    }
  }
}

locals {
  wait  = var.pause
  image = join("-", [var.app, var.env, local.time])
  time  = formatdate("YYYYMMDDhhmmss", timestamp())
}
