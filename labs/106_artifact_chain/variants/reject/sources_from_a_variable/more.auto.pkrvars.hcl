made = ["source.file.rootfs", "source.file.manifest"]
