disk_gb = 64
