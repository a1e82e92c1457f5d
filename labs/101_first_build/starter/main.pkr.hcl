# Who looks after what this template makes. Already done for you.
variable "owner" {
  type    = string
  default = "platform"
}

# 1. Describe the file: a source of type "file".

# 2. Make it: a build that names the source.
