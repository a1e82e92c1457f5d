# The services, each on the newest base. What is in apps/ belongs to their teams.
source "amazon-ebs" "web" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"
  ami_name      = "web-${local.built}"

  source_ami_filter {
    filters = {
      "tag:Role" = "base"
    }
    owners      = ["self"]
    most_recent = true
  }

  tags = {
    Role    = "web"
    BaseAMI = "{{ .SourceAMI }}"
  }
}

source "amazon-ebs" "shop" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"
  ami_name      = "shop-${local.built}"

  source_ami_filter {
    filters = {
      "tag:Role" = "base"
    }
    owners      = ["self"]
    most_recent = true
  }

  tags = {
    Role    = "shop"
    BaseAMI = "{{ .SourceAMI }}"
  }
}

source "amazon-ebs" "mail" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"
  ami_name      = "mail-${local.built}"

  source_ami_filter {
    filters = {
      "tag:Role" = "base"
    }
    owners      = ["self"]
    most_recent = true
  }

  tags = {
    Role    = "mail"
    BaseAMI = "{{ .SourceAMI }}"
  }
}

build {
  sources = [
    "source.amazon-ebs.web",
    "source.amazon-ebs.shop",
    "source.amazon-ebs.mail",
  ]

  provisioner "file" {
    source      = "apps/${source.name}.conf"
    destination = "/tmp/app.conf"
  }

  provisioner "shell" {
    inline = [
      "sudo apt-get update",
      "sudo apt-get install -y labweb",
      "sudo install -m 0644 /tmp/app.conf /etc/labweb/app.conf",
      "sudo systemctl enable labweb",
    ]
  }

  post-processor "manifest" {
    output = "manifest.json"
  }
}
