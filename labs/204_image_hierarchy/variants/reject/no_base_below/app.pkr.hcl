variable "labweb" {
  type        = string
  description = "Which version of labweb the app runs. CI sets it."
  default     = "1.0"
}

source "amazon-ebs" "web" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ami_name      = "web-${local.built}"
  ssh_username  = "ubuntu"

  source_ami_filter {
    filters = {
      name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"
    }
    owners      = ["099720109477"]
    most_recent = true
  }

  tags = {
    Role    = "web"
    BaseAMI = "{{ .SourceAMI }}"
  }
}

build {
  sources = ["source.amazon-ebs.web"]

  provisioner "shell" {
    inline = [
      "sudo apt-get update",
      "sudo apt-get install -y labtool=2.0 labweb=${var.labweb}",
      "sudo systemctl enable labweb",
    ]
  }
}
