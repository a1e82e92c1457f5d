source "null" "here" {
  communicator = "none"
}
