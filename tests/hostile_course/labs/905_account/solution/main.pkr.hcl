# packerlab-canary-solution-c03d5a7be84f1692: no byte that is written may hold this.
variable "word" {
  type    = string
  default = "none"
}

source "amazon-ebs" "word" {
  region        = "us-east-1"
  instance_type = "t3.micro"
  ami_name      = "word-{{timestamp}}"
  ssh_username  = "ubuntu"
  ssh_timeout   = "5s"

  source_ami_filter {
    filters     = { name = "ubuntu/images/*" }
    owners      = ["099720109477"]
    most_recent = true
  }
}

build {
  sources = ["source.amazon-ebs.word"]

  provisioner "shell" {
    inline = ["echo '${var.word}' | sudo tee /etc/word"]
  }
}
