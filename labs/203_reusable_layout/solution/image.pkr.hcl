locals {
  company_tags = {
    Owner      = var.owner
    CostCenter = var.cost_center
    Service    = var.service
    GitSha     = var.git_sha
  }

  # In merge, the last map wins.
  tags = merge(var.tags, local.company_tags)
}

source "amazon-ebs" "image" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"
  ami_name      = "${var.service}-${formatdate("YYYYMMDD-hhmmss", timestamp())}"

  source_ami_filter {
    filters = {
      name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"
    }
    owners      = ["099720109477"] # Canonical
    most_recent = true
  }

  tags     = local.tags
  run_tags = local.tags
}

build {
  sources = ["source.amazon-ebs.image"]

  provisioner "shell" {
    inline = [
      "sudo apt-get update",
      "sudo apt-get install -y ${join(" ", var.packages)}",
    ]
  }
}
