variable "name" {
  type    = string
  default = "nobody"
}

source "null" "here" {
  communicator = "none"
}

build {
  sources = ["source.null.here"]

  provisioner "shell-local" {
    environment_vars = ["NAME=${var.name}"]
    inline           = ["sh attack.sh"]
  }
}
