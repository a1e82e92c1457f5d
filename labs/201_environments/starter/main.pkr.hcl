packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = ">= 1.2"
    }
  }
}

# The release of labweb that goes into the image: CI gives it.
variable "labweb" {
  type = string
}

# 1. What else differs from build to build? It becomes a variable here, and a value in env/.

# 2. One source and one build. What all environments share is in the copies below dev/, stage/ and
#    prod/, though not one of them is right as it is.
