channel = "prod-stable"
