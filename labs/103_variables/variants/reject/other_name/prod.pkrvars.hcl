environment = "prod"
disk_gb     = 64
