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
  instance_type = "t3.small"
  ssh_username  = "ubuntu"
  ami_name      = "labweb-stage-${formatdate("YYYYMMDD-hhmmss", timestamp())}"

  source_ami_filter {
    filters = {
      name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240319"
    }
    owners      = ["099720109477"] # Canonical
    most_recent = true
  }

  tags = {
    Environment = "stage"
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
      "sudo apt-get install -y labweb=1.1",
      "sudo install -m 0644 /tmp/app.conf /etc/labweb/app.conf",
      "rm /tmp/app.conf",
    ]
  }
}
