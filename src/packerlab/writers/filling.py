"""What filling a learning platform's file takes, whichever platform it is."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from packerlab.errors import BadInputError
from packerlab.lab import SLUG
from packerlab.text import visible
from packerlab.writers.people import who

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from packerlab.report import Report


class Filling(NamedTuple):
    """What is to be filled: a file, its name for messages, and the columns that are wanted.

    `titles` are the labs' names for people by their slugs; `column` is a part of a column's name.
    `known_as` says what else a learner is called, such as by a class's roster.
    """

    data: bytes
    name: str
    titles: dict[str, str]
    column: str | None = None
    known_as: Callable[[Report], Iterable[str]] = lambda _: ()


class Filled(NamedTuple):
    """The file with its cells filled, and what there is to say of it, in sentences."""

    data: bytes
    notes: list[str]


def by_lab(reports: Iterable[Report]) -> tuple[dict[str, list[Report]], list[str]]:
    """The reports of each lab, and a sentence for each that is of none."""
    labs: dict[str, list[Report]] = {}
    notes = []
    for report in reports:
        if SLUG.fullmatch(report.lab):
            labs.setdefault(report.lab, []).append(report)
        else:
            notes.append(f"{who(report)} handed in something of no lab: left out.")
    return labs, notes


def one_lab(labs: dict[str, list[Report]], why: str) -> None:
    """Raise BadInputError, with the reason, where a gradebook has several labs."""
    if len(labs) > 1:
        raise BadInputError(f"{why}: choose one with --lab ({', '.join(labs)}).")


def several(columns: Iterable[str], file: str) -> BadInputError:
    """What to say where more than one column may be a lab's."""
    listed = ", ".join(f"`{visible(name)}`" for name in columns)
    return BadInputError(
        f"several columns of {file} could be meant ({listed}): "
        "name one with --column, by a part that no other has."
    )


def column_for(columns: dict[int, str], lab: str, title: str, wanted: str | None) -> list[int]:
    """The columns that may be a lab's: those that are meant by `wanted`, else by its name."""
    names = {place: name.casefold() for place, name in columns.items()}
    if wanted is not None:
        part = wanted.strip().casefold()
        exact = [place for place, name in names.items() if name == part]
        return exact or [place for place, name in names.items() if part in name]
    number, title = lab[:3], title.casefold()
    numbered = [
        place for place, name in names.items() if re.search(rf"(?<![\w.]){number}(?!\.?\d)", name)
    ]
    slug = [place for place, name in names.items() if lab in name]
    titled = [place for place, name in names.items() if title and title in name]
    both = [place for place in titled if place in numbered]
    return slug or both or titled or numbered


def scaled(mark: int, of: int, possible: Decimal | None) -> Decimal:
    """Points of a lab as points of a column that is worth another number of points."""
    if not possible or not of or possible == of:
        return Decimal(mark)
    return round(Decimal(mark) * possible / of, 2).normalize()
