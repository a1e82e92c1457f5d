source "file" "message" {
  target = "out/motd.txt"

  content = <<-EOT
    Built by Packer.
    Do not edit by hand.
    Owner: ${var.owner}
  EOT
}

build {
  source "source.file.message" {
    name = "motd"
  }
}
