source "null" "release" {
  communicator = "none"
}
