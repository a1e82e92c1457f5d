locals {
  one   = "a ${lookup({ key = "q" }, "key", "default")} b"
  two   = "x ${"y ${"z ${upper("deep")}"}"}"
  three = "${join(", ", [
    "a",
    "b",
  ])}"
  four = "${{ brace = "}" }.brace} and \"quotes\" and $${escaped}"
  five = "$(shell) $HOME 100% $"
}

source "file" "x" {
  content = "${local.one}${local.two}${local.three}${local.four}${local.five}"
  target  = "out/x"
}

build {
  sources = ["source.file.x"]
}
