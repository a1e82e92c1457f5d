packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.2"
    }
  }
}

variable "chat" {
  type        = string
  description = "up, or down for a chat that does not answer."
  default     = "up"
}

locals {
  built = formatdate("YYYYMMDD-hhmmss", timestamp())
}

source "amazon-ebs" "web" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"
  ami_name      = "web-${local.built}"

  source_ami_filter {
    filters = {
      name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"
    }
    owners      = ["099720109477"]
    most_recent = true
  }
}

build {
  sources = ["source.amazon-ebs.web"]

  provisioner "shell" {
    inline = [
      "sudo apt-get update",
      "sudo apt-get install -y labweb",
    ]
  }

  # Write the record first: whatever fails after it, the image stays, and somebody can find it.
  post-processors {
    post-processor "manifest" {
      output = "manifest.json"
    }

    post-processor "shell-local" {
      environment_vars = ["CHAT=${var.chat}"]
      inline           = ["sh announce.sh"]
    }
  }
}
