source "amazon-ebs" "base" {
  region          = "eu-central-1"
  instance_type   = "t3.small"
  ssh_username    = "ubuntu"
  ami_description = "labweb ${var.release}"
  encrypt_boot    = true
  kms_key_id      = var.image_key

  source_ami_filter {
    most_recent = true
    owners      = [var.image_owner]
    filters = {
      name         = "ubuntu/images/*ubuntu-jammy-22.04-*-server-????????"
      architecture = "x86_64"
    }
  }

  dynamic "tag" {
    for_each = { Name = "labweb", Release = var.release }
    content {
      key   = tag.key
      value = tag.value
    }
  }
}
