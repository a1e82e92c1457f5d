# The text breaks no rule, because only Packer knows what the variables are. The AMI is public, it is made from a
# stranger's image, its disk is not encrypted, and it has no tags.
packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = "= 1.8.2"
    }
  }
}

variable "groups" {
  type    = list(string)
  default = ["all"]
}

variable "owner" {
  type    = string
  default = "444455556666"
}

source "amazon-ebs" "web" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"
  ami_name      = "web-${formatdate("YYYYMMDD-hhmmss", timestamp())}"
  ami_groups    = var.groups

  temporary_security_group_source_cidrs = ["10.0.0.0/8"]

  source_ami_filter {
    filters = {
      name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"
    }
    owners      = [var.owner]
    most_recent = true
  }
}

build {
  sources = ["source.amazon-ebs.web"]
}
