packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.2"
    }
  }
}

variable "kms_keys" {
  type        = map(string)
  description = "The regions that get the image, each with the alias of the key that encrypts it."
}

variable "accounts" {
  type        = list(string)
  description = "The accounts that start machines from the image."
}

source "amazon-ebs" "web" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"
  ami_name      = "web-${formatdate("YYYYMMDD-hhmmss", timestamp())}"

  source_ami_filter {
    filters = {
      name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"
    }
    owners      = ["099720109477"] # Canonical
    most_recent = true
  }

  # The second disk, for the uploads.
  launch_block_device_mappings {
    device_name           = "/dev/sdf"
    volume_size           = 4
    volume_type           = "gp2"
    delete_on_termination = true
  }

  tags = {
    Service = "web"
    Owner   = "storefront"
  }

  # One copy for each region of the platform team's file.
  ami_regions = keys(var.kms_keys)

  # Packer 1.6.6 wants the key of the first region a second time.
  encrypt_boot       = true
  kms_key_id         = var.kms_keys["eu-central-1"]
  region_kms_key_ids = var.kms_keys

  # To start machines from it, and to copy it.
  ami_users      = var.accounts
  snapshot_users = var.accounts
}

build {
  sources = ["source.amazon-ebs.web"]

  provisioner "shell" {
    inline = [
      "sudo apt-get update",
      "sudo apt-get install -y labweb",
    ]
  }
}
