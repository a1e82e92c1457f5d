environment   = "stage"
region        = "eu-central-1"
instance_type = "m5.large"
encrypted     = true
