instance_type = "t3.small"
copy_to       = ["eu-west-1"]
share_with    = ["222233334444"]
