packer {
  required_plugins {
    evil = {
      source  = "packerlab-hostile.invalid/evil/evil"
      version = ">= 1.0.0"
    }
  }
}

source "evil-builder" "message" {
}

build {
  sources = ["source.evil-builder.message"]
}
