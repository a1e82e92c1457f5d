source "file" "rootfs" {
  content = join("", formatlist("%s\n", ["name=rootfs", "commit=${var.git_sha}"]))
  target  = "${var.folder}/rootfs.txt"
}
