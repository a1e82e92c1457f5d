api_token = "s3cr3t-and-committed"
env       = "prod"
disk_gb   = 64
