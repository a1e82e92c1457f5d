packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.2"
    }
  }
}

variable "labweb" {
  type = string
}

variable "environment" {
  type = string
}

variable "region" {
  type    = string
  default = ""
}

variable "instance_type" {
  type    = string
  default = ""
}

variable "encrypted" {
  type    = string
  default = ""
}

locals {
  table = {
    dev   = { region = "eu-north-1", instance_type = "t3.micro", encrypted = "false" }
    stage = { region = "eu-central-1", instance_type = "t3.small", encrypted = "false" }
    prod  = { region = "eu-central-1", instance_type = "m5.large", encrypted = "true" }
  }
  settings = local.table[var.environment]
}

source "amazon-ebs" "labweb" {
  region        = var.region != "" ? var.region : local.settings.region
  instance_type = var.instance_type != "" ? var.instance_type : local.settings.instance_type
  encrypt_boot  = var.encrypted != "" ? var.encrypted : local.settings.encrypted
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
      "sudo apt-get install -y labweb=${var.labweb}",
      "sudo install -m 0644 /tmp/app.conf /etc/labweb/app.conf",
      "rm /tmp/app.conf",
      "sudo systemctl enable labweb",
    ]
  }
}
