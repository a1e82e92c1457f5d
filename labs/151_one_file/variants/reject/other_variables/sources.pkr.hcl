source "file" "release" {
  content = "release=${var.version}\nregion=${var.region}\nchannel=${var.channel}\n"
  target  = "out/release.txt"
}
