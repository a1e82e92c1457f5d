packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.2"
    }
  }
}

variable "bootstrap" {
  type        = string
  description = "The platform team's user data: the company's certificate, and a token for the build."
  default     = <<-EOT
    #!/bin/sh
    set -eu
    mkdir -p /etc/site
    echo 'the certificate of the company' >/etc/site/ca.pem
    echo 'registered with the token sesame-7421'
    umask 077
    echo 'machine packages.example.com login build password sesame-7421' \
      >/etc/apt/auth.conf.d/90-packages.conf
  EOT
}

variable "greeting" {
  type        = string
  description = "What labweb answers."
  default     = "Hello from labweb"
}

source "amazon-ebs" "web" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"
  ami_name      = "labweb-${formatdate("YYYYMMDD-hhmmss", timestamp())}"
  user_data     = var.bootstrap

  temporary_security_group_source_cidrs = ["10.20.0.0/16"]

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
    execute_command  = "chmod +x {{ .Path }}; sudo {{ .Vars }} {{ .Path }}"
    environment_vars = ["GREETING=${var.greeting}"]
    script           = "${path.root}/scripts/install.sh"
  }

  provisioner "shell" {
    execute_command = "chmod +x {{ .Path }}; sudo {{ .Path }}"
    script          = "${path.root}/scripts/clean.sh"
  }
}
