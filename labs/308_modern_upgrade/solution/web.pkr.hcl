# The web service: an AMI for production, and a container for laptops.

packer {
  required_version = "~> 1.16"

  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = "~> 1.8"
    }
    docker = {
      source  = "github.com/hashicorp/docker"
      version = "~> 1.1"
    }
  }
}

variable "release" {
  type = string
}

variable "repo_token" {
  type      = string
  sensitive = true
}

# What the company's archive wants to see: the user and the token, in base64.
local "repo_auth" {
  expression = base64encode("image:${var.repo_token}")
  sensitive  = true
}

data "amazon-ami" "ubuntu" {
  region = "eu-central-1"
  filters = {
    name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"
  }
  owners      = ["099720109477"]
  most_recent = true
}

source "amazon-ebs" "web" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"
  ami_name      = "web-${var.release}-${formatdate("YYYYMMDDhhmmss", timestamp())}"
  source_ami    = data.amazon-ami.ubuntu.id

  # The nightly clean-up deletes what has the tag Temporary.
  run_tags = {
    Name      = "builds web"
    Temporary = "yes"
  }
  skip_ami_run_tags = true

  tags = {
    Name    = "web ${var.release}"
    Release = var.release
    BaseAMI = "{{ .SourceAMI }}"
  }
}

source "docker" "web" {
  image  = "debian:bookworm-slim"
  commit = true
}

build {
  sources = ["source.amazon-ebs.web"]

  provisioner "shell" {
    environment_vars = ["REPO_AUTH=${local.repo_auth}"]
    execute_command  = "chmod +x {{ .Path }}; sudo {{ .Vars }} {{ .Path }}"
    script           = "${path.root}/scripts/install.sh"
  }

  error-cleanup-provisioner "file" {
    direction   = "download"
    source      = "/var/log/install.log"
    destination = "out/install.log"
  }
}

build {
  sources = ["source.docker.web"]

  provisioner "shell" {
    environment_vars = ["REPO_AUTH=${local.repo_auth}"]
    script           = "${path.root}/scripts/install.sh"
  }
}
