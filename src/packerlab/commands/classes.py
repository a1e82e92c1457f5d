"""How a class looks on a terminal: what was handed in, its marks, what there is to know of both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import typer
from rich import box
from rich.table import Table
from rich.text import Text

from packerlab.classroom.marks import marks
from packerlab.display.terminal import console
from packerlab.text import visible
from packerlab.writers.marks_table import Line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packerlab.classroom.intake import Arrival, Intake, Roll
    from packerlab.classroom.marks import Cell, Marks
    from packerlab.classroom.opening import Classroom
    from packerlab.report import Report

MOST_NAMED = 20
"""Learners who are named in a note."""


def marks_table(found: Marks, title: str) -> Table:
    """A row for each learner: the mark of each lab, and the total in percent."""
    table = Table(
        "learner", *(slug[:3] for slug in found.labs), "total",
        title=Text(visible(title)) if title else None, title_justify="left", box=box.SIMPLE_HEAD,
    )  # fmt: skip
    for row in found.rows:
        cells = [_cell(row.cells.get(slug)) for slug in found.labs]
        total = found.total(row)
        table.add_row(
            Text(row.told),
            *map(Text, cells),
            Text("no score" if total is None else f"{total:.1f} %"),
        )
    return table


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return "-"
    if cell.mark is None:
        return "?"
    return f"{cell.mark}/{cell.of}" + (f" (late: -{cell.deducted})" if cell.deducted else "")


def show_marks(reports: Iterable[Report], room: Classroom) -> None:
    """Print the marks by a class's rules, and what an instructor should know of them."""
    out = console()
    found = marks(reports, room)
    out.print(marks_table(found, room.rules.title), soft_wrap=False)
    for note in notes_on(found):
        out.print(note)


def notes_on(found: Marks) -> Iterator[str]:
    """What an instructor should know before the marks are handed on, in a line each."""
    for label, names in (
        ("nothing handed in", found.missing()),
        ("handed in more than once", found.again()),
        ("not on the roster", found.strangers),
        ("can't be told apart", found.doubts),
        ("no time is known, so nothing is taken off for being late", found.untimed()),
        ("labs that don't count, as class.toml does not name them", found.uncounted),
    ):
        if names:
            yield f"{label}: {named(names)}"


def asked(found: Intake) -> bool:
    """Show what was handed in, and ask whether to grade it."""
    show_intake(found, as_json=False)
    number = len(found.submissions)
    return typer.confirm(f"Grade {number} submission{'s' * (number > 1)}?", default=True, err=True)


def show_intake(found: Intake, *, as_json: bool) -> None:
    """Print what was handed in, for people or for programs."""
    if as_json:
        print(msgspec.json.encode(found).decode())
        return
    out = console()
    out.print(_intake_table(found), soft_wrap=False)
    for note in _notes_before(found):
        out.print(note)


def _intake_table(found: Intake) -> Table:
    """A row for each workspace that was handed in; a column that would be empty is left out."""
    columns = {
        "learner": [_named(each) for each in found.submissions],
        "lab": [each.lab for each in found.submissions],
        "attempt": [str(each.attempt) for each in found.submissions],
        "handed in": [each.handed_in.replace("T", " ") for each in found.submissions],
        "late": [each.late for each in found.submissions],
        "what to know": ["; ".join(_known_of(each)) for each in found.submissions],
    }
    told = {name: cells for name, cells in columns.items() if any(cells)}
    table = Table(box=box.SIMPLE_HEAD)
    for name in told:
        table.add_column(name, no_wrap=name in ("lab", "handed in", "late"))
    for cells in zip(*told.values(), strict=True):
        table.add_row(*map(Text, cells))
    return table


def _named(each: Arrival) -> str:
    return each.name + (f" ({each.id})" if each.id not in ("", each.name) else "")


def _known_of(each: Arrival) -> Iterator[str]:
    if each.rejected:
        yield f"rejected: {each.rejected}"
    if each.roster:
        yield each.roster
    if each.passed_over:
        yield f"passed over: {', '.join(each.passed_over)}"


def _notes_before(found: Intake) -> Iterator[str]:
    """What there is to know about a class before it is graded, in a line each."""
    if found.platforms:
        yield f"names as {' and '.join(found.platforms)} has them"
    if found.rules:
        yield f"rules: {found.rules}"
    if found.passed_over:
        yield f"passed over, as nobody's: {named(found.passed_over)}"
    yield from notes_on_roll(found.roll)


def notes_on_roll(roll: Roll) -> Iterator[str]:
    """Who is missing, and who is not on the roster."""
    for label, names in (
        ("nothing handed in", roll.missing),
        ("not on the roster", roll.strangers),
        ("can't be told apart", roll.doubts),
    ):
        if names:
            yield f"{label}: {named(names)}"


def named(names: list[str]) -> str:
    """Some names, safe to show, and how many there are where that is not all of them."""
    shown = ", ".join(map(visible, names[:MOST_NAMED]))
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return shown + more


def lines_of(found: Marks) -> list[Line]:
    """The rows as the CSV has them."""
    return [
        Line(
            row.id,
            row.name,
            row.email,
            [row.cells[slug].mark if slug in row.cells else None for slug in found.labs],
            found.total(row),
            "; ".join(row.notes),
            " ".join(row.keys),
        )
        for row in found.rows
    ]
