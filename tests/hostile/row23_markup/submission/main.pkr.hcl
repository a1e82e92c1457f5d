variable "name" {
  type    = string
  default = "nobody"
}

source "file" "message" {
  content = "</code></dd><script>alert(1)</script><img src=x onerror=alert(1)>]]><a href=\"javascript:alert(1)\">x</a>{% raw %}\n::error::all passed\n::set-output name=score::10\n"
  target  = "out/message.txt"
}

build {
  sources = ["source.file.message"]
}
