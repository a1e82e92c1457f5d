packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = "~> 1"
    }
  }
}

variable "release" {
  type = string
}

variable "git_sha" {
  type    = string
  default = env("GIT_SHA")
}

variable "stage" {
  type    = string
  default = "test"
}

variable "repo_token" {
  type      = string
  default   = env("REPO_TOKEN")
  sensitive = true
}

source "amazon-ebs" "web" {
  region        = "eu-central-1"
  instance_type = "t3.micro"
  ssh_username  = "ubuntu"

  source_ami_filter {
    filters = {
      name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"
    }
    owners      = ["099720109477"]
    most_recent = true
  }

  # The builder fills in {{timestamp}}: seconds since 1970, as in JSON.
  ami_name = "web-${replace(var.release, "+", "-")}-{{timestamp}}"

  tags = {
    Name    = "web ${var.release}"
    Release = var.release
    Stage   = upper(var.stage)
    GitSha  = var.git_sha
    Built   = formatdate("YYYY-MM-DD hh:mm", timestamp())
    BaseAMI = "{{.SourceAMI}}"
  }
}

source "null" "lint" {
  communicator = "none"
}

build {
  sources = ["source.amazon-ebs.web", "source.null.lint"]

  provisioner "shell-local" {
    only    = ["null.lint"]
    command = "sh ${path.root}/scripts/lint.sh"
  }

  provisioner "shell" {
    only             = ["amazon-ebs.web"]
    environment_vars = ["REPO_TOKEN=${var.repo_token}"]
    execute_command  = "chmod +x {{.Path}}; {{.Vars}} sudo -E sh -x {{.Path}}"
    script           = "scripts/install.sh"
  }

  provisioner "shell" {
    only = ["amazon-ebs.web"]
    inline = [
      ". /etc/os-release",
      "echo \"build=${source.name}\" | sudo tee -a /etc/image.conf",
      "echo \"release=${var.release}\" | sudo tee -a /etc/image.conf",
      "echo \"system=$${ID}\" | sudo tee -a /etc/image.conf",
    ]
  }

  post-processor "manifest" {
    except = ["null.lint"]
    output = "manifest.json"
  }
}
