source "qemu" "debian" {
  iso_url          = "debian.iso"
  iso_checksum     = "sha256:0000000000000000000000000000000000000000000000000000000000000000"
  output_directory = "out"
  disk_size        = "8G"
  format           = "qcow2"
  headless         = true
  http_directory   = "http"
  ssh_username     = "root"
  ssh_password     = "packer" # for the build alone
  shutdown_command = "shutdown -P now"
  boot_wait        = "5s"
  boot_command = [
    "<esc><wait>",
    "auto url=http://{{ .HTTPIP }}:{{ .HTTPPort }}/preseed.cfg ",
    "hostname={{ .Name }} domain=local<enter>",
  ]
}

build {
  sources = ["source.qemu.debian"]

  provisioner "shell" {
    inline = [<<-EOT
      set -e
      apt-get update && apt-get install -y "openssh-server"
      EOT
    ]
  }
}
