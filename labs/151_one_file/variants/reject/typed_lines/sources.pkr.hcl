source "file" "release" {
  content = "release=${var.release}\nregion=eu-central-1\nchannel=prod-stable\n"
  target  = "out/release.txt"
}
