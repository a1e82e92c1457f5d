variable "owner" {
  type    = string
  default = "Night Shift"
}

variable "release" {
  default = "2.4"
}

locals {
  dashed = join("-", split(".", var.release))
  title  = lower(format("web-%s-%s", var.owner, local.dashed))
}

source "file" "first" {
  target  = "out/card.txt"
  content = <<-EOT
    image=${local.title}
    release=${var.release}
  EOT
}

source "file" "second" {
  target  = "out/notes.txt"
  content = <<EOT
These are the notes of ${local.title}.
EOT
}

build {
  name    = "one"
  sources = ["file.first"]

  post-processor "checksum" {
    checksum_types = ["sha256"]
    output         = "out/card.txt.{{.ChecksumType}}"
  }
}

build {
  name    = "two"
  sources = ["file.second"]

  post-processor "checksum" {
    checksum_types = ["sha256"]
    output         = "out/notes.txt.{{.ChecksumType}}"
  }
}
