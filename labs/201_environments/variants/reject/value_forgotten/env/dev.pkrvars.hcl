environment   = "dev"
region        = "eu-north-1"
instance_type = "t3.micro"
