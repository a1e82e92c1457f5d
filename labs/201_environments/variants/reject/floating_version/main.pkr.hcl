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
  ami_name      = "labweb-${var.environment}-${formatdate("YYYYMMDD-hhmmss", timestamp())}"

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

  provisioner "file" {
    source      = "files/app.conf"
    destination = "/tmp/app.conf"
  }

  provisioner "shell" {
    inline = [
      "sudo apt-get update",
      "sudo apt-get install -y labweb",
      "sudo install -m 0644 /tmp/app.conf /etc/labweb/app.conf",
      "rm /tmp/app.conf",
      "sudo systemctl enable labweb",
    ]
  }
}
