packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.2"
    }
  }
}

variable "release" {
  type    = string
  default = "1.4.2+7"
}

locals {
  built      = formatdate("YYYYMMDD-hhmmss", timestamp())
  image_name = "labweb-${regex_replace(var.release, "[^A-Za-z0-9.-]", "-")}-${local.built}"
}

source "amazon-ebs" "labweb" {
  region        = "eu-west-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"

  ami_name     = local.image_name
  encrypt_boot = true
  kms_key_id   = "alias/labweb-images"

  source_ami_filter {
    filters = {
      name = "ubuntu/images/*/ubuntu-jammy-22.04-amd64-server-*"
    }
    owners      = ["099720109477"]
    most_recent = true
  }

  run_tags = {
    Name = "packer: labweb"
  }

  tags = {
    Name    = "labweb"
    Release = var.release
  }
}

build {
  sources = ["source.amazon-ebs.labweb"]

  provisioner "shell" {
    inline = [
      "sudo apt-get update",
      "sudo apt-get install -y labweb",
      "sudo systemctl enable labweb",
      "echo '${var.release}' | sudo tee /etc/labweb/release",
    ]
  }
}
