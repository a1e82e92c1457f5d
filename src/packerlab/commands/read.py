"""`packerlab read PAGE`: a page of the course, or the part that a check is about."""

from __future__ import annotations

from typing import Annotated

import typer

from packerlab.commands.options import CourseOption


def read(
    page: Annotated[
        str,
        typer.Argument(help="A lab, or a page as a check names it: beginner/101_first_build#task."),
    ],
    course: CourseOption = None,
) -> None:
    """Read a page of the course, or a part of it, on the terminal."""
    from packerlab import pages, terminal
    from packerlab.course import open_course
    from packerlab.errors import BadInputError

    whole = open_course(course)
    name, _, anchor = page.partition("#")
    docs = (whole.root / "docs").resolve()
    file = (docs / f"{name}.md").resolve()
    if not (file.is_file() and file.is_relative_to(docs)):
        file = whole.lab(name).page
    try:
        text = pages.read(file, whole.root, anchor)
    except OSError as error:
        raise BadInputError(f"{file} can't be read: {error.strerror}.") from None
    terminal.show_page(terminal.console(), text)
