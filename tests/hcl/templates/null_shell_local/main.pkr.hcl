# Runs a program on the machine that builds.
source "null" "local" {
  communicator = "none"
}

build {
  name        = "local"
  description = "Makes the release notes."
  sources     = ["source.null.local"]

  provisioner "shell-local" {
    environment_vars = ["STAGE=test", "NAME=${build.name}"]
    inline = [
      "mkdir -p out",
      "echo \"stage: $STAGE\" > out/notes.txt", # the shell's own variable
    ]
  }
}
