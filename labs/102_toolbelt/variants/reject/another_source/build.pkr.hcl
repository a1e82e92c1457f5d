source "null" "card" {
  communicator = "none"
}

build {
  sources = ["source.null.card"]

  post-processor "artifice" {
    files = ["out/card.txt"]
  }
}
