packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.2"
    }
    ansible = {
      source  = "github.com/hashicorp/ansible"
      version = ">= 1.1"
    }
  }
}

variable "source_name" {
  type        = string
  description = "The name of the AMI to start from. It may contain *."
  default     = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"
}

variable "source_owner" {
  type        = string
  description = "Whose AMI that is."
  default     = "099720109477"
}

variable "ssh_user" {
  type        = string
  description = "The user who may log in to a machine from that AMI."
  default     = "ubuntu"
}

variable "greeting" {
  type        = string
  description = "What labweb answers."
  default     = "Hello from labweb"
}

source "amazon-ebs" "web" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ssh_username  = var.ssh_user
  ami_name      = "labweb-${formatdate("YYYYMMDD-hhmmss", timestamp())}"

  # Packer's own key pair: it must not open the machines that come from the image.
  ssh_clear_authorized_keys = true

  source_ami_filter {
    filters = {
      name = var.source_name
    }
    owners      = [var.source_owner]
    most_recent = true
  }
}

build {
  sources = ["source.amazon-ebs.web"]

  provisioner "shell" {
    execute_command  = "chmod +x {{ .Path }}; sudo {{ .Vars }} {{ .Path }}"
    environment_vars = ["GREETING=${var.greeting}"]
    script           = "${path.root}/scripts/labweb.sh"
  }
}
