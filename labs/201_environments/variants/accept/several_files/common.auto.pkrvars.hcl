base_image  = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240514"
base_owners = ["099720109477"]

common_tags = {
  Owner   = "platform"
  Service = "labweb"
}
