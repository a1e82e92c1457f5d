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

source "amazon-ebs" "kiosk" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"
  ami_name      = "kiosk-${var.release}"

  source_ami_filter {
    filters = {
      name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"
    }
    owners      = ["099720109477"]
    most_recent = true
  }
}

build {
  # 1. Three builds: web and worker from the source above, and the release notes.
  sources = ["source.amazon-ebs.kiosk"]

  provisioner "shell" {
    inline = ["sudo apt-get update"]
  }

  # 2. This is for web alone.
  provisioner "shell" {
    inline = ["sudo apt-get install -y labweb"]
  }

  # 3. This is for the worker alone.
  provisioner "shell" {
    inline = ["sudo apt-get install -y ${var.tool}"]
  }

  # 4. This is right for web. A worker has another role, and 8 threads.
  provisioner "shell" {
    script = "scripts/configure.sh"
    environment_vars = [
      "RELEASE=${var.release}",
      "ROLE=web",
      "THREADS=2",
    ]
  }

  # 5. A record that tells the three apart.
}
