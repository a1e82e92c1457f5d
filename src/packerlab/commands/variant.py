"""`packerlab variant LAB NAME DIR`: an answer that proves a lab, to be tried by hand."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from packerlab.commands.options import CourseOption, LabArgument, completing


def variant_names(context: typer.Context) -> list[str]:
    """What a shell completes after the lab."""
    from packerlab.errors import BadInputError
    from packerlab.variants.rows import KINDS, rows

    course = completing(context)
    try:
        lab = course.lab(context.params.get("lab") or "") if course else None
        return [row.name for kind in KINDS for row in rows(lab, kind)] if lab else []
    except BadInputError:
        return []


def variant(
    lab: LabArgument,
    name: Annotated[
        str,
        typer.Argument(
            help="A row of accept.toml or reject.toml; accept/NAME where both have it.",
            autocompletion=variant_names,
        ),
    ],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The new workspace.")],
    course: CourseOption = None,
) -> None:
    """Lay out a variant as a workspace, to try by hand what `verify` grades."""
    from packerlab.commands.start import mark, refuse_used
    from packerlab.course import open_course
    from packerlab.errors import BadInputError
    from packerlab.variants.rows import find, lay_out

    chosen = open_course(course).lab(lab)
    row = find(chosen, name)
    refuse_used(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lay_out(row, folder)
        mark(chosen, folder)
    except OSError as error:
        raise BadInputError(f"{folder} can't be written: {error.strerror}.") from None
    print(f"{row.answer}: {row.variant.why}")
    target, solution = shlex.quote(str(folder)), shlex.quote(str(chosen.solution))
    print(f"  check it:      packerlab check {target}")
    print(f"  what differs:  diff -ru {solution} {target}")
