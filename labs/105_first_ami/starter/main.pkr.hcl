packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.2"
    }
  }
}

# Where the image is built.
variable "region" {
  type    = string
  default = "eu-central-1"
}

# Who looks after what this template makes.
variable "team" {
  type    = string
  default = "platform"
}

source "amazon-ebs" "labweb" {
  region        = var.region
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"

  # 1. From which image does it start?

  # 2. A name that no other build has.
  ami_name = "labweb"

  # 3. Tags: for the image, and for the instance while it is built.
}

build {
  sources = ["source.amazon-ebs.labweb"]

  provisioner "shell" {
    inline = [
      "sudo apt-get update",
      "sudo apt-get install -y labweb",
    ]
  }
}
