packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.2"
    }
  }
}

# What is built: the check sets it.
variable "release" {
  type    = string
  default = "0.1.0"
}

# The package that a worker works with: the check sets it, too.
variable "tool" {
  type    = string
  default = "labtool"
}

locals {
  region = "eu-central-1"
  size   = "t3.micro"
}

source "amazon-ebs" "web" {
  region        = local.region
  instance_type = local.size
  ssh_username  = "ubuntu"
  ami_name      = "kiosk-web-${var.release}"

  source_ami_filter {
    filters = {
      name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"
    }
    owners      = ["099720109477"]
    most_recent = true
  }
}

source "amazon-ebs" "worker" {
  region        = local.region
  instance_type = local.size
  ssh_username  = "ubuntu"
  ami_name      = "kiosk-worker-${var.release}"

  source_ami_filter {
    filters = {
      name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"
    }
    owners      = ["099720109477"]
    most_recent = true
  }
}

source "file" "notes" {
  content = "kiosk ${var.release}\n"
  target  = "release-notes.txt"
}

build {
  sources = ["source.file.notes", "source.amazon-ebs.web", "source.amazon-ebs.worker"]

  provisioner "shell" {
    except           = ["file.notes"]
    script           = "scripts/setup.sh"
    environment_vars = ["RELEASE=${var.release}", "TOOL=${var.tool}"]
  }

  post-processor "manifest" {
    output = "manifest.json"
    custom_data = {
      role = source.name
    }
  }
}
