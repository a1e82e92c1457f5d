login = "ubuntu"
