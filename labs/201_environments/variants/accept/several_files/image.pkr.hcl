source "amazon-ebs" "image" {
  region        = var.region
  instance_type = var.instance_type
  encrypt_boot  = var.encrypted
  ssh_username  = "ubuntu"
  ami_name      = local.name
  tags          = local.tags

  run_tags = {
    Environment = var.environment
  }

  source_ami_filter {
    filters = {
      name = var.base_image
    }
    owners      = var.base_owners
    most_recent = true
  }
}

build {
  name    = "labweb"
  sources = ["source.amazon-ebs.image"]

  provisioner "file" {
    source      = "${path.root}/files/"
    destination = "/tmp"
  }

  provisioner "shell" {
    script           = "${path.root}/scripts/install.sh"
    execute_command  = "sudo env {{ .Vars }} sh {{ .Path }}"
    environment_vars = ["LABWEB=${var.labweb}", "DEBIAN_FRONTEND=noninteractive"]
  }

  post-processor "manifest" {
    output = "manifest.json"
  }
}
