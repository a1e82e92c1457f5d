variables {
  region = "x"
  sizes  = [1, 2]
}

variable "secret" {
  default   = ""
  sensitive = true
}

source "file" "x" {
  target  = "out/x"
  content = "${var.region} ${var.sizes[1]}"
}

build {
  sources = ["source.file.x"]
}
