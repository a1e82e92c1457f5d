source "null" "n" {
  communicator = "none"
}

build {
  name        = "a.b c"
  description = <<EOT
What this is for:

  sources: many
    provisioners: few
EOT
  sources     = ["source.null.n"]

  provisioner "shell-local" {
    name   = "say.it twice"
    inline = ["true"]
  }
}
