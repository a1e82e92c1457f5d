# packerlab-canary-solution-c03d5a7be84f1692: no byte that is written may hold this.
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
    inline           = ["mkdir out", "echo \"Hello, $NAME!\" > out/message.txt"]
  }
}
