locals {
  app       = "shop"
  env       = "dev"
  disk_gb   = 16
  api_token = "none"
}
