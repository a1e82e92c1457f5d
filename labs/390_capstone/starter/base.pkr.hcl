# The base of all services. Last night's was made from this file, as it is here.
source "amazon-ebs" "base" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"
  ami_name      = "base-${local.built}"

  source_ami_filter {
    filters = {
      name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"
    }
    owners      = ["099720109477", "self"]
    most_recent = true
  }

  tags = {
    Role    = "base"
    BaseAMI = "{{ .SourceAMI }}"
  }
}

build {
  sources = ["source.amazon-ebs.base"]

  provisioner "shell" {
    inline = [
      "sudo apt-get update",
      "sudo apt-get install -y labtool",
    ]
  }
}
