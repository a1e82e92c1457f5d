packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.2"
    }
  }
}

source "amazon-ebs" "labweb" {
  region        = "eu-north-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"
  ami_name      = "labweb-dev-${formatdate("YYYYMMDD-hhmmss", timestamp())}"

  source_ami_filter {
    filters = {
      name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"
    }
    owners      = ["099720109477"] # Canonical
    most_recent = true
  }

  tags = {
    Environment = "dev"
  }
}

build {
  sources = ["source.amazon-ebs.labweb"]

  # Always the newest, so that we notice early when something breaks.
  provisioner "shell" {
    inline = [
      "sudo apt-get update",
      "sudo apt-get install -y labweb",
      "echo 'greeting = Hello from dev' | sudo tee -a /etc/labweb/app.conf",
      "echo dev | sudo tee /etc/environment-name",
    ]
  }
}
