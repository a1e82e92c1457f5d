source "file" "release" {
  content = "release=${var.release}\nregion=${var.region}\nchannel=${var.channel}\n"
  target  = "${path.root}/out/release.txt"
}
