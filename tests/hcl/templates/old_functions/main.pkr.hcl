source "file" "x" {
  target  = "out/{{ timestamp }}"
  content = "{{ isotime `2006-01-02` }} {{ uuid }} {{build `ID`}} {{user `x`}} {{`{{`}}"
}

build {
  sources = ["source.file.x"]
}
