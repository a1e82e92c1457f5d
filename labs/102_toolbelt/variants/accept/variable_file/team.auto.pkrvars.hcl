owner   = "ops-2"
release = "2.5"
