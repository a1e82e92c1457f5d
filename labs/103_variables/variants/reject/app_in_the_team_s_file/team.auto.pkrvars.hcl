app     = "shop"
disk_gb = 24
