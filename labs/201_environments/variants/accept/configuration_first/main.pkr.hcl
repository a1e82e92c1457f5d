packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.2"
    }
  }
}

# The release of labweb that goes into the image: CI gives it.
variable "labweb" {
  type = string
}

# What differs between environments: env/ has the values. There are no defaults, so that nobody
# builds for an environment without having said for which.
variable "environment" {
  type = string
}

variable "region" {
  type = string
}

variable "instance_type" {
  type = string
}

variable "encrypted" {
  type = bool
}

source "amazon-ebs" "labweb" {
  region        = var.region
  instance_type = var.instance_type
  encrypt_boot  = var.encrypted
  ssh_username  = "ubuntu"

  ssh_clear_authorized_keys = true

  ami_name = "labweb-${var.environment}-${formatdate("YYYYMMDD-hhmmss", timestamp())}"

  # The image that was tested, by its whole name: it is the same one in every region, every day.
  source_ami_filter {
    filters = {
      name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240514"
    }
    owners      = ["099720109477"] # Canonical
    most_recent = true
  }

  tags = {
    Environment = var.environment
  }
}

build {
  sources = ["source.amazon-ebs.labweb"]

  provisioner "shell" {
    execute_command = "chmod +x {{ .Path }}; sudo {{ .Vars }} {{ .Path }}"
    inline          = ["apt-get update", "apt-get install -y labweb=${var.labweb}"]
  }

  provisioner "shell" {
    inline = [
      "printf '%s\\n' 'port = 9090' 'greeting = Good day' | sudo tee /etc/labweb/app.conf",
      "sudo systemctl enable labweb.service",
      "sudo truncate -s 0 /etc/machine-id",
    ]
  }
}
