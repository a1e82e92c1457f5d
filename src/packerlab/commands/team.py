"""`packerlab team DIR`: how far each member of a team is, from the files that they exported."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packerlab.commands.options import CourseOption

if TYPE_CHECKING:
    from packerlab.learning.team import Team


def team(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="The exported files, each with its member's name: ada.json."
        ),
    ],
    course: CourseOption = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page to read or mail.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write a table for spreadsheets.")
    ] = None,
) -> None:
    """Show how far each member of a team is."""
    from packerlab.course import open_course
    from packerlab.learning.team import read_team
    from packerlab.writers.team_table import team_csv, team_html

    found = read_team(folder, open_course(course))
    if html:
        _write(html, team_html(found.steps, found.rows, found.refused))
    if csv:
        _write(csv, team_csv(found.steps, found.rows))
    if not (html or csv):
        _show(found)
    for name, reason in found.refused.items():
        print(f"{name} is left out: {reason}", file=sys.stderr)


def _write(path: Path, text: str) -> None:
    from packerlab.errors import BadInputError

    try:
        path.write_bytes(text.encode())
    except OSError as error:
        raise BadInputError(f"{path} can't be written: {error.strerror}.") from None
    print(f"Wrote {path}.", file=sys.stderr)


def _show(found: Team) -> None:
    """A row for each member; a column for each chapter, with a sign for each of its labs."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from packerlab.display.terminal import console
    from packerlab.writers.team_table import SIGNS, by_chapter

    chapters = by_chapter(found.steps)
    table = Table("member", "passed", *chapters, box=box.SIMPLE_HEAD)
    places = list(range(len(found.steps)))
    for row in found.rows:
        total = f"{row.passed_in(places)} of {len(places)}"
        signs = ("".join(SIGNS[cell.state] for cell in row.of(each)) for each in chapters.values())
        table.add_row(*map(Text, (row.name, total, *signs)))
    out = console()
    out.print(table)
    out.print("   ".join(f"{sign} {state}" for state, sign in SIGNS.items()), style="dim")
