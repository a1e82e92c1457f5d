packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.2"
    }
  }
}

variable "licence_key" {
  type        = string
  description = "Activates labweb. Everybody who has it can use labweb at our expense."
}

variable "licence_number" {
  type        = string
  description = "What support asks for: the number on the invoice. No secret."
}

source "amazon-ebs" "web" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"
  ami_name      = "labweb-${formatdate("YYYYMMDD-hhmmss", timestamp())}"

  source_ami_filter {
    filters = {
      name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"
    }
    owners      = ["099720109477"]
    most_recent = true
  }

  # The key is on the machine before anybody logs in.
  user_data = <<-EOT
    #!/bin/sh
    mkdir -p /etc/labweb
    echo '${var.licence_key}' >/etc/labweb/licence.key
  EOT

  # For support. In base64, so that nobody can read it.
  tags = {
    Licence = base64encode(var.licence_key)
  }
}

build {
  sources = ["source.amazon-ebs.web"]

  provisioner "file" {
    source      = "${path.root}/activate.sh"
    destination = "/tmp/activate.sh"
  }

  provisioner "shell" {
    inline = [
      "set -x",
      "sudo apt-get update",
      "sudo apt-get install -y labweb",
      "echo ${var.licence_key} | sudo sh /tmp/activate.sh",
      "rm /tmp/activate.sh",
    ]
  }

  post-processor "manifest" {
    output = "manifest.json"
    custom_data = {
      licence = var.licence_key
    }
  }
}
