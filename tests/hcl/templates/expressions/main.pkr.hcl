variable "servers" {
  type = list(object({
    name = string
    size = number
  }))
  default = [
    { name = "a", size = 1 },
    { name = "b", size = 2 },
  ]
}

variable "enabled" {
  type    = bool
  default = true
}

locals {
  names   = var.servers[*].name
  old     = var.servers.*.size
  first   = var.servers[0].name
  legacy  = var.servers.0.name
  by_name = { for server in var.servers : server.name => server.size if server.size > 0 }
  grouped = { for server in var.servers : server.size => server.name... }
  upper = [
    for index, name in local.names :
    "${index}-${upper(name)}"
    if name != ""
  ]
  largest = max(local.old...)
  choice  = var.enabled ? local.first : "none"
  nested  = var.enabled && !(length(local.names) == 0 || false) ? (local.largest % 2 == 0 ? "even" : "odd") : "off"
  sum = (
    1 +
    2 * 3 -
    -4 / 2
  )
  text    = "%{ if var.enabled ~} on %{ else ~} off %{ endif ~}"
  joined  = join(",", [for k, v in local.by_name : "${k}=${v}"])
  object = {
    plain      = 1
    "quoted"   = 2
    (local.first) = 3
    "${local.first}-x" : 4
  }
  long = cidrsubnet("10.0.0.0/8", 8, lookup({ a = 1 }, "a", 0))
}

source "file" "expressions" {
  content = jsonencode({
    names = local.names
    by    = local.by_name
    text  = local.text
  })
  target = "out/${local.choice}.json"
}

build {
  sources = ["source.file.expressions"]
}
