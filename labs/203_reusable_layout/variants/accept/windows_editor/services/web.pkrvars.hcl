service     = "web"
owner       = "storefront"
cost_center = "0815"
packages    = ["labweb"]

tags = {
  Tier = "public"
}
