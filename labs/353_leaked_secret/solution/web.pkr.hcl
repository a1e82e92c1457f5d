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
  description = "Activates labweb. It comes from outside for each build, and stays in no file."
  sensitive   = true
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

  tags = {
    Licence = var.licence_number
  }
}

build {
  sources = ["source.amazon-ebs.web"]

  provisioner "file" {
    source      = "${path.root}/activate.sh"
    destination = "/tmp/activate.sh"
  }

  provisioner "shell" {
    environment_vars = ["LICENCE_KEY=${var.licence_key}"]
    inline = [
      "sudo apt-get update",
      "sudo apt-get install -y labweb",
      "printf '%s\\n' \"$LICENCE_KEY\" | sudo sh /tmp/activate.sh",
      "rm /tmp/activate.sh",
    ]
  }

  post-processor "manifest" {
    output = "manifest.json"
    custom_data = {
      licence = var.licence_number
    }
  }
}
