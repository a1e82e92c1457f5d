"""`packerlab start LAB [DIR]`: a workspace of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from packerlab.commands.options import CourseOption


def start(
    lab: Annotated[str, typer.Argument(help="The lab: its slug, its number, or its name.")],
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="The new folder; by default named as the lab."),
    ] = None,
    course: CourseOption = None,
) -> None:
    """Begin a lab: copy its starter into a new folder."""
    import shutil

    from packerlab.course import open_course
    from packerlab.errors import BadInputError
    from packerlab.submissions import MARKER

    chosen = open_course(course).lab(lab)
    target = folder or Path(chosen.slug)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BadInputError(f"{target} exists already; name another folder.")
    try:
        shutil.copytree(chosen.starter, target, dirs_exist_ok=True)
        shutil.copy(chosen.path / "README.md", target / "README.md")
        (target / MARKER).write_text(
            f'format = 1\nlab = "{chosen.slug}"\nlab_digest = "{chosen.digest}"\n'
        )
    except OSError as error:
        raise BadInputError(f"{target} can't be written: {error.strerror}.") from None
    print(f"{chosen.manifest.title}: your workspace is {target}/")
    print(f"  the task:  {target}/README.md")
    print(f"  check it:  packerlab check {target}")
