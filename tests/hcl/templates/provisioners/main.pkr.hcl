source "docker" "d" {
  image  = "debian"
  export_path = "d.tar"
}

build {
  sources = ["source.docker.d"]

  provisioner "shell" {
    inline_shebang = "/bin/sh -x"
    inline         = ["apt-get update"]
  }
  provisioner "file" {
    source      = "main.pkr.hcl"
    destination = "/tmp/"
  }
  provisioner "ansible-local" {
    playbook_file = "site.yml"
  }
  provisioner "shell-local" {
    command = "echo done"
  }
  provisioner "breakpoint" {
    disable = true
    note    = "look"
  }
  provisioner "sleep" {
    duration = "1s"
  }
}
