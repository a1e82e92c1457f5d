source "docker" "root" {
  image      = "debian"
  privileged = true
  cap_add    = ["ALL"]
  volumes    = { "/" = "/host" }
  commit     = true
}

build {
  sources = ["source.docker.root"]
}
