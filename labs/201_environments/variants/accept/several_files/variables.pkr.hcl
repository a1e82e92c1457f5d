variable "environment" {
  type = string
}

variable "region" {
  type = string
}

variable "instance_type" {
  type = string
}

variable "encrypted" {
  type = bool
}

variable "labweb" {
  type = string
}

variable "base_image" {
  type = string
}

variable "base_owners" {
  type = list(string)
}

variable "common_tags" {
  type = map(string)
}
