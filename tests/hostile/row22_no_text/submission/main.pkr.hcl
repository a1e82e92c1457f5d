locals {
  place = "café"
}
