disk_gb = 24
regions = ["east"]

tags = {
  owner = "web"
}
