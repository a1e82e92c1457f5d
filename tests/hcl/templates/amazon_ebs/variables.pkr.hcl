variable "region" {
  type        = string
  default     = "eu-central-1"
  description = "Where the image is built."
}

variable "owners" {
  type    = list(string)
  default = ["136693071363"]
}

variable "tags" {
  type = map(string)
  default = {
    Team = "platform"
    Cost = "4711"
  }
}
