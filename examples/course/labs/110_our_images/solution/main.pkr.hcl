packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.2"
    }
  }
}

# The commit that this template comes from.
variable "commit" {
  type    = string
  default = "0000000"
}

source "amazon-ebs" "labweb" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"
  ami_name      = "labweb-${formatdate("YYYYMMDD-hhmmss", timestamp())}"

  source_ami_filter {
    filters = {
      name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"
    }
    owners      = ["099720109477"] # Canonical
    most_recent = true
  }

  tags = {
    Owner      = "team-web"
    CostCenter = "4711"
    Commit     = var.commit
  }
}

build {
  sources = ["source.amazon-ebs.labweb"]

  provisioner "shell" {
    inline = [
      "sudo apt-get update",
      "sudo apt-get install -y labweb",
      "sudo systemctl enable labweb",
    ]
  }
}
