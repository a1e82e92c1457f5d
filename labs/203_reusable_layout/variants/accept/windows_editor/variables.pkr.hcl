# What a service says about itself, in services/NAME.pkrvars.hcl.

variable "service" {
  type        = string
  description = "The service's name. Its AMIs are named after it."
}

variable "owner" {
  type        = string
  description = "The team that is called at night."
}

variable "cost_center" {
  type        = string
  description = "Four digits. They are text, because finance keeps zeros at the beginning."
}

variable "packages" {
  type        = list(string)
  description = "The packages to install."
}

variable "tags" {
  type        = map(string)
  description = "Further tags of the service. They can't replace the company's."
  default     = {}
}

# What CI says about a build.

variable "git_sha" {
  type        = string
  description = "The commit that is built."
}
