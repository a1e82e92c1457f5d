source "file" "release" {
  content = "release=${var.release}\nregion=${var.region}\nchannel=${var.channel}\n"
  target  = "out/release.txt"
