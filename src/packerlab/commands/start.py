"""`packerlab start LAB [DIR]`: a workspace of one's own."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packerlab.commands.options import CourseOption, LabArgument

if TYPE_CHECKING:
    from packerlab.lab import Lab


def start(
    lab: LabArgument,
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="The new folder; by default it has the lab's slug."),
    ] = None,
    course: CourseOption = None,
) -> None:
    """Begin a lab: copy its starter into a new folder."""
    from packerlab.commands.preparing import offer
    from packerlab.course import open_course
    from packerlab.learning import progress
    from packerlab.learning.readiness import Machine
    from packerlab.submissions.leftovers import MARKER

    whole = open_course(course)
    chosen = whole.lab(lab)
    beside = Path("..") if Path(MARKER).exists() else Path()  # never one workspace in another
    target = folder or beside / chosen.slug
    refuse_used(target)
    lay_out(chosen, target)
    progress.begin(whole, chosen, target)
    print(f"{chosen.title}: your workspace is {target}/")
    print(f"  the task:  {target}/README.md")
    print(f"  check it:  packerlab check {shlex.quote(str(target))}")
    print(f"  or watch:  packerlab watch {shlex.quote(str(target))}")
    if missing := Machine().missing(chosen):
        print(f"It can't be checked here yet, for it needs {missing.what}: {missing.reason}")
        if not offer(missing):
            print(f"  this brings it:  {missing.command}")


def refuse_used(target: Path) -> None:
    """Raise BadInputError where there is anything that a new workspace would mix with."""
    from packerlab.errors import BadInputError

    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BadInputError(f"{target} exists already; name another folder.")


def lay_out(lab: Lab, target: Path) -> None:
    """Make a workspace: the starter, the task sheet, and the marker."""
    import shutil

    from packerlab.errors import BadInputError

    try:
        shutil.copytree(lab.starter, target, dirs_exist_ok=True)
        shutil.copy(lab.task, target / "README.md")
        mark(lab, target)
    except OSError as error:
        raise BadInputError(f"{target} can't be written: {error.strerror}.") from None


def mark(lab: Lab, target: Path) -> None:
    """Note in a workspace which lab it is of."""
    from packerlab.exports.starters import marker_text
    from packerlab.submissions.leftovers import MARKER

    (target / MARKER).write_text(marker_text(lab))
