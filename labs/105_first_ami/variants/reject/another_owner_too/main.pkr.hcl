packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.2"
    }
  }
}

# Where the image is built.
variable "region" {
  type    = string
  default = "eu-central-1"
}

# Who looks after what this template makes.
variable "team" {
  type    = string
  default = "platform"
}

locals {
  image_name = "labweb-${formatdate("YYYYMMDD-hhmmss", timestamp())}"
}

source "amazon-ebs" "labweb" {
  region        = var.region
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"
  ami_name      = local.image_name

  source_ami_filter {
    filters = {
      name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"
    }
    owners      = ["099720109477", "aws-marketplace"] # Canonical
    most_recent = true
  }

  tags = {
    Name    = local.image_name
    Owner   = var.team
    BaseAMI = "{{ .SourceAMI }}"
  }

  run_tags = {
    Name  = "packer: labweb"
    Owner = var.team
  }
}

build {
  sources = ["source.amazon-ebs.labweb"]

  provisioner "shell" {
    inline = [
      "sudo apt-get update",
      "sudo apt-get install -y labweb",
    ]
  }
}
