# Breaks all six rules. findings.json has the right list.
variable "access_key" {
  type    = string
  default = "" # AKIA3RTQ7XWZ5L2MNB6D until the role is there
}

source "amazon-ebs" "web" {
  region           = "eu-central-1"
  instance_type    = "t3.micro"
  ssh_username     = "ubuntu"
  ami_name         = "web"
  ami_groups       = ["all"]
  force_deregister = true

  source_ami_filter {
    filters = {
      name = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"
    }
    owners      = ["099720109477", "444455556666"]
    most_recent = true
  }
}

build {
  sources = ["source.amazon-ebs.web"]
}
