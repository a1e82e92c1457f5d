source "file" "id" {
  content = uuidv4()
  target  = "out/id.txt"
}

build {
  sources = ["source.file.id"]
}
