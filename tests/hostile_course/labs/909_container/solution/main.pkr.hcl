# packerlab-canary-solution-c03d5a7be84f1692: no byte that is written may hold this.
variable "word" {
  type    = string
  default = "none"
}

source "docker" "word" {
  image  = "busybox"
  commit = true
}

build {
  sources = ["source.docker.word"]

  provisioner "shell" {
    inline = ["echo '${var.word}' > /etc/word"]
  }

  post-processor "docker-tag" {
    repository = "lab/word"
    tags       = ["1"]
  }
}
