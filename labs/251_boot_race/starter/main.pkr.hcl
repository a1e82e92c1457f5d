packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.2"
    }
  }
}

variable "bootstrap" {
  type        = string
  description = "The platform team's user data. It puts the company's certificate onto each machine."
  default     = <<-EOT
    #!/bin/sh
    sleep 4
    mkdir -p /etc/site
    echo 'the certificate of the company' >/etc/site/ca.pem
  EOT
}

variable "patience" {
  type        = number
  description = "How many seconds to wait for the machine, at most."
  default     = 300
}

source "amazon-ebs" "web" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"
  ami_name      = "labweb-${formatdate("YYYYMMDD-hhmmss", timestamp())}"
  user_data     = var.bootstrap

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
    # Give the machine a moment. It was 1s; 2s failed less often.
    pause_before = "2s"
    inline = [
      "sudo apt-get update",
      "sudo apt-get install -y labweb",
      "sudo install -m 0644 /etc/site/ca.pem /etc/labweb/ca.pem",
    ]
  }
}
