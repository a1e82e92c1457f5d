env = "prod"
disk_gb = 64
