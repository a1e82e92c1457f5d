"""A CSV file of somebody else's, of which some cells are filled: all other bytes stay.

Rows keep their cells as they are written, with their quotes, and their line ends.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property

from packerlab.errors import BadInputError

BOM = "\ufeff"
DELIMITERS = ",;\t"
"""What Canvas and Moodle separate cells by."""


@dataclass
class Row:
    """A row's cells as they are written, and the line end after it."""

    cells: list[str]
    end: str

    def text(self, place: int | None) -> str:
        """What a cell says; nothing where the row has no such cell."""
        if place is None or place >= len(self.cells):
            return ""
        written = self.cells[place]
        if not written.startswith('"'):
            return written
        inside, _, after = written[1:].rpartition('"')
        return inside.replace('""', '"') + after

    def put(self, place: int, text: str, delimiter: str) -> None:
        """Set a cell, quoted if it was or has to be; a short row grows as far as that."""
        self.cells += [""] * (place + 1 - len(self.cells))
        quoted = self.cells[place].startswith('"') or re.search(f'["\r\n{delimiter}]', text)
        self.cells[place] = '"{}"'.format(text.replace('"', '""')) if quoted else text


@dataclass
class Sheet:
    """A whole file: its byte order mark, how cells are separated, and its rows."""

    bom: str
    delimiter: str
    rows: list[Row]

    @property
    def header(self) -> list[str]:
        row = self.rows[0]
        return [row.text(place).strip() for place in range(len(row.cells))]

    def place(self, *names: str) -> int | None:
        """The column of one of these names, in any case."""
        header = [name.casefold() for name in self.header]
        return next((header.index(name) for name in names if name in header), None)

    def put(self, row: int, place: int, text: str) -> None:
        self.rows[row].put(place, text, self.delimiter)

    def add(self, name: str) -> int:
        """A new last column; rows without anything in them stay as they are."""
        place = max(len(row.cells) for row in self.rows)
        for row in self.rows:
            if row.cells != [""]:
                row.put(place, "", self.delimiter)
        self.put(0, place, name)
        return place

    @cached_property
    def decimal_comma(self) -> bool:
        """Whether the file's numbers have a comma where ours have a point: 7,50 and not 7,500."""
        written = (cell.strip('"') for row in self.rows for cell in row.cells)
        return any(map(re.compile("[0-9]{1,15},[0-9]{1,2}").fullmatch, written))

    def number(self, text: str) -> Decimal | None:
        """What a cell with a number says; None where it says something else."""
        plain = re.sub(r"\s", "", text)
        if self.decimal_comma:
            plain = plain.replace(".", "").replace(",", ".")
        try:
            found = Decimal(plain.replace(",", ""))
        except InvalidOperation:
            return None
        return found.normalize() if found.is_finite() else None

    def written(self, number: Decimal) -> str:
        """A number as the other numbers of the file are written."""
        text = f"{number:f}"
        return text.replace(".", ",") if self.decimal_comma else text

    def encode(self) -> bytes:
        rows = (self.delimiter.join(row.cells) + row.end for row in self.rows)
        return (self.bom + "".join(rows)).encode()


def read_sheet(data: bytes, name: str) -> Sheet:
    """Read a file whole; raises BadInputError where that can't be done without a guess."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise BadInputError(
            f"{name} is not UTF-8: export it again, or save it as a CSV file in UTF-8."
        ) from None
    bom = BOM if text.startswith(BOM) else ""
    text = text.removeprefix(BOM)
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    rows = _rows(text, delimiter, name)
    if not rows:
        raise BadInputError(f"{name} is empty.")
    return Sheet(bom, delimiter, rows)


def _rows(text: str, delimiter: str, name: str) -> list[Row]:
    cell = re.compile(rf'"[^"]*(?:""[^"]*)*"[^{delimiter}\r\n"]*|(?!")[^{delimiter}\r\n]*')
    end = re.compile(rf"{delimiter}|\r\n|\n|\r|\Z")
    rows: list[Row] = []
    at, cells = 0, list[str]()
    while at < len(text) or cells:
        found = cell.match(text, at)
        after = end.match(text, found.end()) if found else None
        if not found or not after:
            line = text.count("\n", 0, at) + 1
            raise BadInputError(f"{name}:{line}: a quote in this line has no other end.")
        cells.append(found[0])
        at = after.end()
        if after[0] != delimiter:
            rows.append(Row(cells, after[0]))
            cells = []
    return rows
