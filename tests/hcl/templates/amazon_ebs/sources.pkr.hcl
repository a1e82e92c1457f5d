locals {
  stamp = formatdate("YYYYMMDDhhmm", timestamp())
  name  = "base-${local.stamp}"
  tags  = merge(var.tags, { Name = local.name })
}

source "amazon-ebs" "base" {
  region        = var.region
  instance_type = "t3.micro"
  ami_name      = local.name
  ssh_username  = "admin"

  source_ami_filter {
    filters = {
      name                = "debian-11-amd64-*"
      root-device-type    = "ebs"
      virtualization-type = "hvm"
    }
    owners      = var.owners
    most_recent = true
  }

  launch_block_device_mappings {
    device_name           = "/dev/xvda"
    volume_size           = 20
    delete_on_termination = true
  }

  tags     = local.tags
  run_tags = local.tags
}
