source "file" "release" {
  target  = "out/release.txt"
  content = <<EOT
release=${var.release}
region=${var.region}
channel=${var.channel}
EOT
}
