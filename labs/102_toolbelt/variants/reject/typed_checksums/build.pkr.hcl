source "file" "card_sum" {
  content = "c77d181a689cd2418269aefb1cd8ac8676f6a2938ed9ff1f96a262310a0c4472\tcard.txt\n"
  target  = "out/card.txt.sha256"
}

source "file" "notes_sum" {
  content = "a5c31e28ef70cc5d04f65a08d5edca6f03d60df52433b36c642386d10ef30912\tnotes.txt\n"
  target  = "out/notes.txt.sha256"
}

build {
  sources = [
    "source.file.card",
    "source.file.card_sum",
    "source.file.notes",
    "source.file.notes_sum",
  ]
}
