variable "labtool" {
  type        = string
  description = "Which version of labtool every image gets. CI sets it."
  default     = "2.0"
}

source "amazon-ebs" "base" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ami_name      = "base-${local.built}"
  ssh_username  = "ubuntu"

  source_ami_filter {
    filters = {
      name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"
    }
    owners      = ["099720109477"]
    most_recent = true
  }

  tags = {
    Role    = "base"
    BaseAMI = "{{ .SourceAMIName }}"
  }
}

build {
  sources = ["source.amazon-ebs.base"]

  provisioner "shell" {
    inline = [
      "sudo apt-get update",
      "sudo apt-get install -y labtool=${var.labtool}",
    ]
  }
}
