"""`packerlab debrief [LAB]`: what a lab was good for, for those who have passed it."""

from __future__ import annotations

from typing import Annotated

import typer

from packerlab.commands.options import CourseOption, LabInHandArgument


def debrief(
    lab: LabInHandArgument = None,
    course: CourseOption = None,
    spoil: Annotated[
        bool, typer.Option("--spoil", help="Show it although the lab is not passed.")
    ] = False,
) -> None:
    """Read again what followed when you passed a lab."""
    from packerlab.commands.workspace import named_lab
    from packerlab.course import open_course, pages
    from packerlab.display import terminal
    from packerlab.display.pager import paged
    from packerlab.errors import BadInputError
    from packerlab.learning import progress

    whole = open_course(course)
    chosen = named_lab(lab, whole)
    if not chosen.debrief.exists():
        raise BadInputError(f"{chosen.title} has no debrief.")
    if not spoil and not progress.read(progress.file_of(whole)).passed(chosen.slug):
        raise BadInputError(
            f"{chosen.title} is not passed yet, and its debrief gives answers away. "
            "--spoil shows it all the same."
        )
    out = terminal.console()
    with paged(out):
        terminal.show_page(out, pages.read(chosen.debrief, whole.root, ""))
