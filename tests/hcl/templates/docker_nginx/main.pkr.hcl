variable "tag" {
  type    = string
  default = "1.19"
}

source "docker" "nginx" {
  image  = "nginx:${var.tag}"
  commit = true
  changes = [
    "USER nginx",
    "EXPOSE 8080",
    "LABEL maintainer=team@example.org",
    "ENTRYPOINT [\"nginx\", \"-g\", \"daemon off;\"]",
  ]
}

build {
  sources = ["source.docker.nginx"]

  provisioner "shell" {
    inline = ["rm -f /etc/nginx/conf.d/default.conf"]
  }

  provisioner "file" {
    source      = "site.conf"
    destination = "/etc/nginx/conf.d/site.conf"
  }

  post-processors {
    post-processor "docker-tag" {
      repository = "example/nginx"
      tag        = ["latest", var.tag]
    }
    post-processor "docker-save" {
      path = "nginx.tar"
    }
  }
}
