packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.2"
    }
  }
}

locals {
  built = formatdate("YYYYMMDD-hhmmss", timestamp())
}

variable "labtool" {
  type    = string
  default = "2.0"
}

variable "labweb" {
  type    = string
  default = "1.0"
}

locals {
  tags = {
    Team    = "platform"
    BaseAMI = "{{ .SourceAMI }}"
  }
}

source "amazon-ebs" "ubuntu" {
  region        = "eu-central-1"
  instance_type = "t3.small"
  ami_name      = "golden ${local.built}"
  ssh_username  = "ubuntu"
  tags          = merge(local.tags, { Name = "golden", Role = "base" })

  source_ami_filter {
    filters = {
      name                = "ubuntu/images/*/ubuntu-jammy-22.04-amd64-server-*"
      root-device-type    = "ebs"
      virtualization-type = "hvm"
    }
    owners      = ["099720109477"]
    most_recent = true
  }
}

source "amazon-ebs" "golden" {
  region        = "eu-central-1"
  instance_type = "t3.small"
  ami_name      = "web ${local.built}"
  ssh_username  = "ubuntu"
  tags          = merge(local.tags, { Name = "web", Role = "web" })

  source_ami_filter {
    filters = {
      "tag:Role" = "base"
      state      = "available"
    }
    owners      = ["self"]
    most_recent = true
  }
}

build {
  name    = "base"
  sources = ["source.amazon-ebs.ubuntu"]

  provisioner "shell" {
    inline = ["sudo apt-get update && sudo apt-get install -y labtool=${var.labtool}"]
  }
}

build {
  name    = "app"
  sources = ["source.amazon-ebs.golden"]

  provisioner "shell" {
    environment_vars = ["VERSION=${var.labweb}"]
    execute_command  = "chmod +x {{.Path}}; sudo env {{.Vars}} {{.Path}}"
    inline           = ["apt-get update", "apt-get install -y \"labweb=$VERSION\""]
  }
}
