"""Whose row in a learning platform's file a report belongs to.

Nothing is guessed: a learner who could be two rows, or shares a row with another, gets none.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from packerlab.report import person
from packerlab.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from packerlab.report import Report


class Keys(NamedTuple):
    """What a row names a person by, the surest first: the first one that finds somebody decides."""

    platform: str = ""
    number: str = ""
    login: str = ""
    names: frozenset[str] = frozenset()


class People:
    """The rows of a file by what they name people by. `file` is its name, for notes.

    `known_as` says what else a learner is called than the report does.
    """

    def __init__(
        self, rows: dict[int, Keys], file: str, known_as: Callable[[Report], Iterable[str]]
    ) -> None:
        self._file = file
        self._known_as = known_as
        self._by: tuple[dict[str, set[int]], ...] = ({}, {}, {}, {})
        for row, keys in rows.items():
            said = ({keys.platform}, {folded(keys.number)}, {folded(keys.login)}, keys.names)
            for index, values in zip(self._by, said, strict=True):
                for value in values - {""}:
                    index.setdefault(value, set()).add(row)

    def match(self, reports: Iterable[Report]) -> tuple[dict[int, Report], list[str]]:
        """The reports by their rows, and a sentence for each that has none."""
        found: dict[int, list[Report]] = {}
        notes = []
        for report in reports:
            rows = self._rows_of(report)
            if len(rows) == 1:
                found.setdefault(min(rows), []).append(report)
            elif rows:
                several = " or ".join(str(row + 1) for row in sorted(rows))
                notes.append(f"{who(report)} could be row {several} of {self._file}: left out.")
            else:
                notes.append(f"{who(report)} is not in {self._file}: left out.")
        for row, same in found.items():
            if len(same) > 1:
                names = " and ".join(map(who, same))
                notes.append(f"{names} could each be row {row + 1} of {self._file}: left out.")
        return {row: same[0] for row, same in found.items() if len(same) == 1}, notes

    def _rows_of(self, report: Report) -> set[int]:
        own = (unquote(report.run.learner), person(report), report.run.id)
        said = {folded(text) for text in (*own, *self._known_as(report))}
        for index, keys in zip(self._by, ({platform_id(report)}, said, said, said), strict=True):
            if rows := set().union(*(index.get(key, ()) for key in keys)):
                return rows
        return set()


def who(report: Report) -> str:
    """A learner in a note: the name, and the key where that says more."""
    name, key = person(report), visible(report.run.learner)
    return name if name == key else f"{name} ({key})"


def platform_id(report: Report) -> str:
    """The number that Canvas or Moodle put beside the name; a login is no such number."""
    return report.run.id if report.run.id != report.run.name else ""


def folded(text: str) -> str:
    """A text as it is compared: not by case, by blanks, or by how letters are composed."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def names_of(name: str) -> frozenset[str]:
    """How a person may be written who is `Lovelace, Ada`; Canvas's own files say `lovelaceada`."""
    last, _, first = name.partition(",")
    closed = "".join(char for char in folded(name) if char.isalnum())
    return frozenset({folded(name), folded(f"{first} {last}"), closed})
