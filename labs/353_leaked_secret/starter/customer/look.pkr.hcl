packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.2"
    }
  }
}

variable "looks_like" {
  type        = string
  description = "How the key begins."
  default     = "LWKEY-"
}

source "amazon-ebs" "look" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"
  ami_name      = "look-${formatdate("YYYYMMDD-hhmmss", timestamp())}"

  source_ami_filter {
    filters = {
      name = "labweb-*"
    }
    owners      = ["self"]
    most_recent = true
  }
}

build {
  sources = ["source.amazon-ebs.look"]

  provisioner "shell" {
    environment_vars = ["LOOKS_LIKE=${var.looks_like}"]
    inline = [
      "sudo grep -rlI -- \"$LOOKS_LIKE\" /etc /home /opt /root /srv /tmp /var || echo 'not found'",
    ]
  }
}
