disk_gb = 12
