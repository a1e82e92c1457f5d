region = "eu-central-1"
team   = "platform"
