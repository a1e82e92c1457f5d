packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.2"
    }
  }
}

source "amazon-ebs" "labweb" {
  region        = "eu-central-1"
  instance_type = "m5.large"
  ssh_username  = "ubuntu"
  ami_name      = "labweb-prod-${formatdate("YYYYMMDD-hhmmss", timestamp())}"
  encrypt_boot  = true

  source_ami_filter {
    filters = {
      name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240514"
    }
    owners      = ["099720109477"] # Canonical
    most_recent = true
  }

  tags = {
    Environment = "prod"
  }
}

build {
  sources = ["source.amazon-ebs.labweb"]

  provisioner "file" {
    source      = "../files/app.conf"
    destination = "/tmp/app.conf"
  }

  provisioner "shell" {
    inline = [
      "sudo apt-get update",
      "sudo apt-get install -y labweb=1.0",
      "sudo install -m 0644 /tmp/app.conf /etc/labweb/app.conf",
      "rm /tmp/app.conf",
      "echo 'metrics_token = lwm-5e0b7c91d24fa386' | sudo tee -a /etc/labweb/app.conf",
      "sudo systemctl enable labweb",
    ]
  }
}
