packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.2"
    }
  }
}

variable "release" {
  type        = string
  description = "The number of the release, such as 1.5.0."
}

source "amazon-ebs" "web" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"
  ami_name      = "web-${var.release}"
  ami_regions   = ["eu-central-1", "eu-west-1", "us-east-1"]

  # Each region has a key of its own, under the same name.
  encrypt_boot = true
  kms_key_id   = "alias/images"
  region_kms_key_ids = {
    eu-central-1 = "alias/images"
    eu-west-1    = "alias/images"
    us-east-1    = "alias/images"
  }

  tags = {
    Service = "web"
    Release = var.release
  }

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
    inline = ["echo '${var.release}' | sudo tee /etc/web-release"]
  }

  post-processor "manifest" {
    output = "manifest.json"
  }
}
