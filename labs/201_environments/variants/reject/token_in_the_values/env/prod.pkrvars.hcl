environment   = "prod"
region        = "eu-central-1"
instance_type = "m5.large"
encrypted     = true
metrics_token = "lwm-5e0b7c91d24fa386"
