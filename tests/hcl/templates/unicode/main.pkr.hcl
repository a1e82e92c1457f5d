locals {
  größe  = "größer"
  日本    = "東京 🗼"
  quoted = "é “${local.größe}” \u00e9 \U0001F600"
}

source "file" "unicode" {
  content = "${local.日本}: ${local.quoted}\n"
  target  = "out/ünïcödé.txt"
}

build {
  description = "Größe: ${1 + 1} €"
  sources     = ["source.file.unicode"]
}
