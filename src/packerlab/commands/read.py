"""`packerlab read [PAGE]`: a page of the course, or the part that a check is about."""

from __future__ import annotations

from typing import Annotated

import typer

from packerlab.commands.options import Completion, CourseOption, completing, lab_names


def page_names(context: typer.Context) -> list[Completion]:
    """What a shell completes where a page is named: the labs, and the other steps of the path."""
    course = completing(context)
    steps = course.outline.steps() if course else ()
    pages = [(step, "") for step in steps if course and step not in course.slugs]
    return [*lab_names(context), *pages]


def read(
    page: Annotated[
        str | None,
        typer.Argument(
            help="A lab, or a page as a check names it: beginner/101_first_build#task. By default "
            "the page of the lab whose workspace this folder is.",
            autocompletion=page_names,
            show_default=False,
        ),
    ] = None,
    course: CourseOption = None,
) -> None:
    """Read a page of the course, or a part of it, on the terminal."""
    from packerlab.commands.workspace import named_lab
    from packerlab.course import open_course, pages
    from packerlab.display import terminal
    from packerlab.display.pager import paged
    from packerlab.errors import BadInputError

    whole = open_course(course)
    name, _, anchor = (page or named_lab(None, whole).slug).partition("#")
    docs = (whole.root / "docs").resolve()
    file = (docs / f"{name}.md").resolve()
    if not (file.is_file() and file.is_relative_to(docs)):
        file = whole.lab(name).page
    try:
        text = pages.read(file, whole.root, anchor)
    except OSError as error:
        raise BadInputError(f"{file} can't be read: {error.strerror}.") from None
    out = terminal.console()
    with paged(out):
        terminal.show_page(out, text)
