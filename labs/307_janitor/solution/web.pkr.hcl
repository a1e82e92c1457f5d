packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.2"
    }
  }
}

variable "limit" {
  type        = string
  description = "How long a build may take, such as 3h. After that it is dead."
  default     = "3h"
}

source "amazon-ebs" "web" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"
  ami_name      = "web-${formatdate("YYYYMMDD-hhmmss", timestamp())}"

  source_ami_filter {
    filters = {
      name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"
    }
    owners      = ["099720109477"]
    most_recent = true
  }

  run_tags = {
    Builder   = "packer"
    ExpiresAt = timeadd(timestamp(), var.limit)
  }

  run_volume_tags = {
    Builder   = "packer"
    ExpiresAt = timeadd(timestamp(), var.limit)
  }

  # A disk for caches, which only the build needs.
  launch_block_device_mappings {
    device_name = "/dev/sdf"
    volume_size = 20
    volume_type = "gp2"
  }
}

build {
  sources = ["source.amazon-ebs.web"]

  provisioner "shell" {
    inline = ["echo 'This is web.' | sudo tee /etc/motd"]
  }
}
