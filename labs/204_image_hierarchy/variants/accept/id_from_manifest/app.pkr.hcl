variable "base_ami" {
  type    = string
  default = "ami-none"
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
  source_ami    = var.base_ami
  ssh_username  = "ubuntu"

  tags = {
    Role    = "web"
    BaseAMI = var.base_ami
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
