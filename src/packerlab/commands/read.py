"""`packerlab read PAGE`: a page of the course, or the part that a check is about."""

from __future__ import annotations

import re
from pathlib import Path
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
    from packerlab import terminal
    from packerlab.course import open_course
    from packerlab.errors import BadInputError

    whole = open_course(course)
    name, _, anchor = page.partition("#")
    docs = (whole.root / "docs").resolve()
    file = (docs / f"{name}.md").resolve()
    if not (file.is_file() and file.is_relative_to(docs)):
        file = whole.lab(name).page
    try:
        terminal.show_page(terminal.console(), page_section(whole.root, file, anchor))
    except OSError as error:
        raise BadInputError(f"{file} can't be read: {error.strerror}.") from None


def page_section(root: Path, page: Path, anchor: str) -> str:
    """The section of a page under the heading with this id; the whole page without one.

    `root` is the course's: what a page includes is named from there.
    """

    def included(line: re.Match[str]) -> str:
        return (root / line[1]).read_text(encoding="utf-8")

    text = page.read_text(encoding="utf-8")
    text = re.sub(r'^--8<-- "(.+\.md)"$', included, text, flags=re.MULTILINE)
    found = re.search(rf"^(#+) (.*) \{{ #{re.escape(anchor)} \}}$", text, re.MULTILINE)
    if not found:
        return text
    following = re.search(rf"^#{{1,{len(found[1])}}} ", text[found.end() :], re.MULTILINE)
    end = found.end() + following.start() if following else len(text)
    return text[found.start() : end]
