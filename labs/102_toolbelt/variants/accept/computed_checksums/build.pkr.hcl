build {
  sources = [
    "source.file.card",
    "source.file.card_sum",
    "source.file.notes",
    "source.file.notes_sum",
  ]
}
