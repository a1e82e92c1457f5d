source "null" "labweb" {
  communicator = "none"
}

build {
  sources = ["source.null.labweb"]
}
