"""`packerlab similar PATH...`: submissions that are alike, as a reason to talk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packerlab.commands.options import CourseOption, LabOption

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packerlab.classroom.lookalikes import Work
    from packerlab.submissions.reader import Files
    from packerlab.writers.similar_page import Lookalikes


def similar(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...", help="A gradebook; or submissions, or folders that hold them."
        ),
    ],
    lab: LabOption = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write a page with the texts side by side."
        ),
    ] = None,
    course: CourseOption = None,
) -> None:
    """Show which submissions are alike beyond what the lab makes alike."""
    from packerlab.classroom.lookalikes import lookalikes
    from packerlab.commands.output import write
    from packerlab.writers.similar_page import write_similar

    found = lookalikes(_works(paths, lab, course))
    if output:
        write(output, write_similar(found))
    else:
        _show(found)


def _works(paths: list[Path], lab: str | None, course: Path | None) -> Iterator[tuple[Work, Files]]:
    """What learners handed in: what a gradebook keeps of it, or what `grade` would find."""
    from packerlab.classroom.lookalikes import kept_works, works
    from packerlab.commands.verifying import opened
    from packerlab.course import open_course
    from packerlab.gradebook.opening import HEADER
    from packerlab.submissions.classes import handed_in

    whole = open_course(course)
    chosen = whole.lab(lab) if lab else None
    if len(paths) == 1 and (paths[0] / HEADER).is_file():
        return kept_works(whole, opened(paths[0], course), chosen)
    return works(whole, handed_in(paths, chosen).handed, chosen)


def _show(found: Lookalikes) -> None:
    """A row for each pair, and what to make of it."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from packerlab.display.terminal import console
    from packerlab.text import visible

    out = console()
    if found.pairs:
        table = Table("lab", "learners", "statements in common", box=box.SIMPLE_HEAD)
        for pair in found.pairs:
            names = ", ".join(map(visible, pair.names))
            table.add_row(*map(Text, (pair.lab, names, f"{pair.shared} of {pair.own}")))
        out.print(table)
        out.print("Similarity is a reason to talk, not a proof: -o FILE shows the texts.")
    pairs = len(found.pairs) + found.more
    shown = f" (the first {len(found.pairs)} are shown)" if found.more else ""
    out.print(
        f"compared {found.compared}, similar {pairs}{shown}, too little to tell {found.too_small}"
    )
