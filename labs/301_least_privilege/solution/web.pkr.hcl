packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.2"
    }
  }
}

variable "instance_type" {
  type    = string
  default = "t3.micro"
}

variable "copy_to" {
  type        = list(string)
  description = "Further regions that get a copy of the AMI."
  default     = []
}

variable "share_with" {
  type        = list(string)
  description = "Further accounts that may launch the AMI."
  default     = []
}

variable "smoke_test" {
  type        = string
  description = "pass, or fail to see what a failing test leaves behind."
  default     = "pass"
}

locals {
  tags = {
    Builder = "packer"
    Service = "web"
  }
}

source "amazon-ebs" "web" {
  region        = "eu-central-1"
  instance_type = var.instance_type
  ssh_username  = "ubuntu"
  ami_name      = "labweb-${formatdate("YYYYMMDD-hhmmss", timestamp())}"
  ami_regions   = var.copy_to
  ami_users     = var.share_with

  # The machine and its disk, and then the AMI and its snapshot.
  run_tags        = local.tags
  run_volume_tags = local.tags
  tags            = local.tags

  source_ami_filter {
    filters = {
      name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"
    }
    owners      = ["099720109477"]
    most_recent = true
  }
}

build {
  sources = ["source.amazon-ebs.web"]

  provisioner "shell" {
    inline = [
      "sudo apt-get update",
      "sudo apt-get install -y labweb",
    ]
  }

  # A build whose AMI fails this test keeps no AMI.
  post-processor "shell-local" {
    inline = ["test '${var.smoke_test}' = pass"]
  }
}
