source "amazon-ebs" "kiosk" {
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
}

source "file" "notes" {
  content = "kiosk ${var.release}\n"
  target  = "release-notes.txt"
}
