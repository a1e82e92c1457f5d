# Für alle Umgebungen
variable "release" {
  type = string
}

variable "region" {
  type = string
}

variable "channel" {
  type = string
}
