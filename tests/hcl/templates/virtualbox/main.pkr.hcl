source "virtualbox-iso" "vm" {
  guest_os_type    = "Debian_64"
  iso_url          = "debian.iso"
  iso_checksum     = "none"
  ssh_username     = "packer"
  shutdown_command = "echo 'packer' | sudo -S shutdown -P now"
  vboxmanage = [
    ["modifyvm", "{{.Name}}", "--memory", "1024"],
    ["modifyvm", "{{.Name}}", "--cpus", "2"],
  ]
}

build {
  sources = ["source.virtualbox-iso.vm"]

  post-processor "vagrant" {
    output = "out/{{.Provider}}.box"
  }
}
