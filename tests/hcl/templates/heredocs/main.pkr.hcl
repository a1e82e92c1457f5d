variable "greeting" {
  default = "Hello"
}

source "file" "page" {
  target  = "out/index.html"
  content = <<EOF
<html>
  <body style="color: #333">
    <h1>${var.greeting}, "world"!</h1>
    %{ for item in ["a", "b"] ~}
    <li>${item}</li>
    %{ endfor ~}
    <p>A literal $${dollar} and a literal %%{percent}, { and }.</p>
  </body>
</html>
EOF
}

source "file" "script" {
  target  = "out/run.sh"
  content = <<-SCRIPT
    #!/bin/sh
    # not a comment of HCL
    for file in *; do
      echo "$file" /* nor this */
    done
    SCRIPT
}

build {
  sources = [
    "source.file.page",
    "source.file.script",
  ]
}
