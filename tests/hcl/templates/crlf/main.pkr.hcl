source "file" "dos" {
  content = <<EOT
one
  two
EOT
  target  = "out/dos.txt"
}

# a comment
build {
  sources = [
    "source.file.dos",
  ]
}
