"""The marks of a class as CSV: a row for each learner, a column for each lab, and the total."""

from __future__ import annotations

import csv
import io
from typing import NamedTuple

from packerlab.writers.csv_rows import safe_text


class Line(NamedTuple):
    """A learner's marks, in the order of the labs; a mark or a total may not exist."""

    id: str
    name: str
    email: str
    marks: list[int | None]
    total: float | None
    note: str
    key: str


def marks_csv(labs: list[str], lines: list[Line]) -> bytes:
    """UTF-8 with CRLF; a mark that doesn't exist is an empty cell, and no cell is a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("id", "name", "email", *map(safe_text, labs), "total", "note", "key"))
    for line in lines:
        cells = ["" if mark is None else mark for mark in line.marks]
        total = "" if line.total is None else f"{line.total:.1f}"
        texts = map(safe_text, (line.id, line.name, line.email))
        writer.writerow((*texts, *cells, total, safe_text(line.note), safe_text(line.key)))
    return out.getvalue().encode()
