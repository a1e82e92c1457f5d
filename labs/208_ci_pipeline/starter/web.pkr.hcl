packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.2"
    }
  }
}

variable "labweb" {
  type        = string
  description = "Which release of labweb the image gets. CI tries others with PKR_VAR_labweb."
  default     = "1.1"
}

variable "git_sha" {
  type        = string
  description = "The commit that the image is built from."
  default     = "unknown"
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

  tags = {
    Name   = "web-${local.built}"
    GitSha = var.git_sha
  }
}

build {
  sources = ["source.amazon-ebs.web"]

  provisioner "shell" {
    inline = ["sudo apt-get update", "sudo apt-get install -y labweb=${var.labweb}"]
  }

  post-processor "manifest" {
    output = "manifest.json"
  }
}
