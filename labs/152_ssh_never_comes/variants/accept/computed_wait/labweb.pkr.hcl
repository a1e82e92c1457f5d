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
  default = "0.0.0"
}

locals {
  built = formatdate("YYYYMMDD-hhmmss", timestamp())
}

source "amazon-ebs" "labweb" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ami_name      = "labweb-${local.built}"

  source_ami_filter {
    filters = {
      name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"
    }
    owners      = ["099720109477"]
    most_recent = true
  }

  run_tags = {
    Name = "packer: labweb"
  }

  ssh_username           = "ubuntu"
  ssh_timeout            = format("%dm", 5)
  ssh_handshake_attempts = 10
}

build {
  sources = ["source.amazon-ebs.labweb"]

  provisioner "shell" {
    environment_vars = ["RELEASE=${var.release}"]
    inline = [
      "sudo apt-get update",
      "sudo apt-get install -y labweb",
      "sudo systemctl enable labweb",
      "echo \"release=$RELEASE\" | sudo tee /etc/labweb/release",
    ]
  }
}
