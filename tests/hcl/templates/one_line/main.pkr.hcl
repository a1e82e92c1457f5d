variable "a" { default = "x" }
variable "b" { type = list(string) }
source "file" "x" { target = "out/x" }
build { sources = ["source.file.x"] }
