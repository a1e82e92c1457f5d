packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.2"
    }
  }
}

variable "labtool" {
  type    = string
  default = "2.0"
}

variable "run" {
  type    = string
  default = "local"
}

variable "base" {
  type    = string
  default = ""
}

source "amazon-ebs" "image" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
}

build {
  source "amazon-ebs.image" {
    name         = "base"
    ami_name     = "base-${var.run}"
    ssh_username = "ubuntu"
    source_ami_filter {
      filters = {
        name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"
      }
      owners      = ["099720109477"]
      most_recent = true
    }
    tags = {
      Role     = "base"
      BaseAMI  = "{{ .SourceAMI }}"
      BuildRun = var.run
      Owner    = "platform"
    }
  }

  provisioner "shell" {
    inline = ["sudo apt-get update", "sudo apt-get install -y labtool=${var.labtool}"]
  }

  post-processor "manifest" {
    output = "out/manifest.json"
  }
}

build {
  source "amazon-ebs.image" {
    name         = "api"
    ami_name     = "api-${var.run}"
    communicator = "none"
    source_ami   = var.base
    tags = {
      Role     = "api"
      BaseAMI  = "{{ .SourceAMI }}"
      BuildRun = var.run
      Owner    = "platform"
    }
  }
  source "amazon-ebs.image" {
    name         = "jobs"
    ami_name     = "jobs-${var.run}"
    communicator = "none"
    source_ami   = var.base
    tags = {
      Role     = "jobs"
      BaseAMI  = "{{ .SourceAMI }}"
      BuildRun = var.run
      Owner    = "platform"
    }
  }

  post-processor "manifest" {
    output = "out/manifest.json"
  }
}
