region  = "eu-west-3"
channel = "dev-daily"
