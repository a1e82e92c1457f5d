/*
 * source "null" "commented" {}
 */
// build {}
source /* the type */ "file" /* the name */ "x" { # {
  # provisioner "shell-local" {
  target /* = */ = /* "y" */ "out/x" // "z"
} /* } */ # }

build { // {
  sources = [ # [
    # "source.null.commented",
    "source.file.x", /* "source.file.y", */ // ]
  ]
}
# end