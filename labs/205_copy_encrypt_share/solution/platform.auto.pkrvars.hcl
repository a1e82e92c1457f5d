# The platform team keeps this file. Packer loads it by itself.

# The regions that get the image, each with the key that encrypts it there.
kms_keys = {
  eu-central-1 = "alias/images"
  eu-west-1    = "alias/images"
  us-east-1    = "alias/images-us"
}

# The accounts that start machines from the image.
accounts = [
  "222233334444", # shop
  "333344445555", # forum
]
