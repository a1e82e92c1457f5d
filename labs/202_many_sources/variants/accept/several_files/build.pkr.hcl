build {
  source "source.amazon-ebs.kiosk" {
    name     = "web"
    ami_name = "kiosk-web-${var.release}"
  }

  source "source.amazon-ebs.kiosk" {
    name     = "worker"
    ami_name = "kiosk-worker-${var.release}"
  }

  sources = ["source.file.notes"]

  provisioner "shell" {
    except = ["file.notes"]
    inline = ["sudo apt-get update"]
  }

  provisioner "shell" {
    only   = ["amazon-ebs.web"]
    inline = ["sudo apt-get install -y labweb"]
  }

  provisioner "shell" {
    only   = ["amazon-ebs.worker"]
    inline = ["sudo apt-get install -y ${var.tool}"]
  }

  provisioner "shell" {
    except           = ["file.notes"]
    script           = "scripts/configure.sh"
    environment_vars = ["RELEASE=${var.release}", "ROLE=web", "THREADS=2"]

    override = {
      worker = {
        environment_vars = ["RELEASE=${var.release}", "ROLE=worker", "THREADS=8"]
      }
    }
  }

  post-processor "manifest" {
    output = "manifest.json"
    custom_data = {
      role = source.name
    }
  }
}
