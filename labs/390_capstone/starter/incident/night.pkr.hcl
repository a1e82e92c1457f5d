# What was built last night, for replay.py. It is a picture of the night: nothing to repair here.
variable "names" {
  type        = string
  description = "How the names of all images of this night end."
  default     = "night"
}

locals {
  canonical = "099720109477"
  ubuntu    = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-"
}

# A colleague's copy of Ubuntu, to look for a fault with. It has kept the name.
source "amazon-ebs" "debug" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"
  ami_name      = "${local.ubuntu}debug-${var.names}"

  source_ami_filter {
    filters = {
      name = "${local.ubuntu}*"
    }
    owners      = [local.canonical]
    most_recent = true
  }
}

source "amazon-ebs" "base" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"
  ami_name      = "base-${var.names}"

  source_ami_filter {
    filters = {
      name = "${local.ubuntu}*"
    }
    owners      = [local.canonical, "self"]
    most_recent = true
  }

  tags = {
    Role    = "base"
    BaseAMI = "{{ .SourceAMI }}"
  }
}

source "amazon-ebs" "app" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"

  source_ami_filter {
    filters = {
      name = "base-${var.names}"
    }
    owners = ["self"]
  }

  tags = {
    BaseAMI = "{{ .SourceAMI }}"
  }
}

build {
  sources = ["source.amazon-ebs.debug"]

  provisioner "shell" {
    inline = [
      "sudo mkdir -p /etc/systemd/system/labweb.service.d",
      "printf '[Service]\\nExecStart=\\nExecStart=/usr/sbin/labweb /etc/labweb/debug.conf\\n' | sudo tee /etc/systemd/system/labweb.service.d/debug.conf",
    ]
  }
}

build {
  sources = ["source.amazon-ebs.base"]

  provisioner "shell" {
    inline = [
      "sudo apt-get update",
      "sudo apt-get install -y labtool",
    ]
  }
}

build {
  source "amazon-ebs.app" {
    name     = "web"
    ami_name = "web-${var.names}"
  }

  source "amazon-ebs.app" {
    name     = "shop"
    ami_name = "shop-${var.names}"
  }

  source "amazon-ebs.app" {
    name     = "mail"
    ami_name = "mail-${var.names}"
  }

  provisioner "shell" {
    inline = [
      "sudo apt-get update",
      "sudo apt-get install -y labweb",
      "sudo systemctl enable labweb",
    ]
  }
}

# The build that hangs: it waits for an answer that never comes.
build {
  source "amazon-ebs.app" {
    name     = "search"
    ami_name = "search-${var.names}"
  }

  provisioner "shell" {
    inline = ["sleep 600"]
  }
}
