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

  provisioner "shell" {
    except = ["file.notes"]
    script = "scripts/configure.sh"

    override = {
      web = {
        environment_vars = ["RELEASE=${var.release}", "ROLE=web", "THREADS=2"]
      }
      worker = {
        environment_vars = ["RELEASE=${var.release}", "ROLE=worker", "THREADS=8"]
      }
    }
  }

  provisioner "shell" {
    except = ["file.notes"]
    inline = ["test -s /etc/kiosk.conf"]

    override = {
      web    = { inline = ["test -x /usr/sbin/labweb && ! test -e /usr/bin/labtool"] }
      worker = { inline = ["test -x /usr/bin/labtool && ! test -e /usr/sbin/labweb"] }
    }
  }

  post-processor "manifest" {
    output = "manifest.json"
    custom_data = {
      role = source.name
    }
  }
}
