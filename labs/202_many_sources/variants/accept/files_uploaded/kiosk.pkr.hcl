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
  source "source.amazon-ebs.kiosk" {
    name     = "web"
    ami_name = "kiosk-web-${var.release}"
  }

  source "source.amazon-ebs.kiosk" {
    name     = "worker"
    ami_name = "kiosk-worker-${var.release}"
  }

  sources = ["source.file.notes"]

  provisioner "shell" {
    except = ["file.notes"]
    inline = ["sudo apt-get update"]
  }

  provisioner "shell" {
    only   = ["amazon-ebs.web"]
    inline = ["sudo apt-get install -y labweb"]
  }

  provisioner "shell" {
    only   = ["amazon-ebs.worker"]
    inline = ["sudo apt-get install -y ${var.tool}"]
  }

  provisioner "file" {
    except      = ["file.notes"]
    source      = "conf/${source.name}.conf"
    destination = "/tmp/kiosk.conf"
  }

  provisioner "shell" {
    except           = ["file.notes"]
    environment_vars = ["RELEASE=${var.release}"]
    inline = [
      "echo release=$RELEASE >> /tmp/kiosk.conf",
      "sudo install -m 0644 /tmp/kiosk.conf /etc/kiosk.conf",
    ]
  }

  post-processor "manifest" {
    output = "manifest.json"
    custom_data = {
      role = source.name
    }
  }
}
