packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.2"
    }
  }
}

variable "labweb" {
  type    = string
  default = "1.1"
}

locals {
  built = formatdate("YYYYMMDD-hhmmss", timestamp())
}

source "amazon-ebs" "web" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ami_name      = "web-${local.built}"
  ssh_username  = "ubuntu"

  source_ami_filter {
    filters = {
      name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"
    }
    owners      = ["099720109477"]
    most_recent = true
  }
}

# Only looks at the scripts: it is quick, and needs no account.
source "null" "smoke" {
  communicator = "none"
}

build {
  sources = ["source.amazon-ebs.web", "source.null.smoke"]

  provisioner "shell" {
    only   = ["amazon-ebs.web"]
    inline = ["sudo apt-get update", "sudo apt-get install -y labweb=${var.labweb}"]
  }

  provisioner "shell-local" {
    only   = ["null.smoke"]
    inline = ["sh -n ci.sh"]
  }

  post-processor "manifest" {
    output = "manifest.json"
  }
}
