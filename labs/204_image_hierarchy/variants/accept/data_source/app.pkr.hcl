data "amazon-ami" "base" {
  region      = "eu-central-1"
  owners      = ["self"]
  most_recent = true
  filters = {
    "tag:Role" = "base"
    state      = "available"
  }
}

variable "labweb" {
  type        = string
  description = "Which version of labweb the app runs. CI sets it."
  default     = "1.0"
}

source "amazon-ebs" "web" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ami_name      = "web-${local.built}"
  source_ami    = data.amazon-ami.base.id
  ssh_username  = "ubuntu"

  tags = {
    Role    = "web"
    BaseAMI = data.amazon-ami.base.id
  }
}

build {
  sources = ["source.amazon-ebs.web"]

  provisioner "shell" {
    inline = [
      "sudo apt-get update",
      "sudo apt-get install -y labweb=${var.labweb}",
      "sudo systemctl enable labweb",
    ]
  }
}
