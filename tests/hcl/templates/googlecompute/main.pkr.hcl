variable "project_id" {
  type = string
}

source "googlecompute" "g" {
  project_id          = var.project_id
  source_image_family = "debian-11"
  zone                = "europe-west3-a"
  ssh_username        = "packer"
  image_labels = {
    made-by = "packer"
  }
}

source "azure-arm" "a" {
  use_azure_cli_auth = true
  os_type            = "Linux"
  image_publisher    = "debian"
  image_offer        = "debian-11"
  image_sku          = "11"
  location           = "West Europe"
  vm_size            = "Standard_B1s"
}

build {
  sources = ["source.googlecompute.g", "source.azure-arm.a"]

  provisioner "shell" {
    only   = ["googlecompute.g"]
    inline = ["true"]
  }

  provisioner "powershell" {
    except = ["googlecompute.g", "azure-arm.a"]
    inline = ["Get-Date"]
  }
}
