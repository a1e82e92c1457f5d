"""`packerlab notebook [NAME]`: a notebook of one's own, opened in JupyterLab."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packerlab.commands.options import CourseOption, completing

if TYPE_CHECKING:
    from packerlab.course import Course


def notebook_names(context: typer.Context) -> list[str]:
    """What a shell completes where a notebook is named."""
    course = completing(context)
    return [file.stem for file in _notebooks(course)] if course else []


def notebook(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A notebook's name, or a lab that has one; by default all are copied.",
            autocompletion=notebook_names,
            show_default=False,
        ),
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the copy goes.")] = Path(
        "packerlab-notebooks"
    ),
    course: CourseOption = None,
    only_copy: Annotated[bool, typer.Option("--copy", help="Copy it, and open nothing.")] = False,
) -> None:
    """Copy a notebook out, and open it in JupyterLab."""
    import os
    import sys
    from importlib.util import find_spec

    from packerlab.course import open_course

    whole = open_course(course)
    chosen = [_named(whole, name)] if name else _notebooks(whole)
    for file in chosen:
        _copy(file, out)
    opened = out / chosen[0].name if name else out
    jupyter = [sys.executable, "-P", "-m", "jupyterlab", str(opened)]
    if find_spec("jupyterlab") is None:
        install = [sys.executable, "-P", "-m", "pip", "install", "jupyterlab", "ipykernel"]
        print(f"JupyterLab is not installed. This brings it:  {shlex.join(install)}")
        print(f"Then open it with:  {shlex.join(jupyter)}")
    elif only_copy:
        print(f"Open it with:  {shlex.join(jupyter)}")
    else:
        sys.stdout.flush()
        os.execv(jupyter[0], jupyter)  # noqa: S606  (JupyterLab takes over until it is closed)


def _notebooks(course: Course) -> list[Path]:
    return sorted((course.root / "notebooks").glob("*.ipynb"))


def _named(course: Course, name: str) -> Path:
    """The notebook of this name, or of the lab of this name."""
    from packerlab.errors import BadInputError

    by_name = {file.stem: file for file in _notebooks(course)}
    lab = course.find(name)
    for each in (name, lab.slug if lab else ""):
        if each in by_name:
            return by_name[each]
    if not by_name:
        raise BadInputError("This course has no notebooks.")
    raise BadInputError(f"There is no notebook `{name}`: there are {', '.join(by_name)}.")


def _copy(file: Path, folder: Path) -> None:
    """Copy a notebook, unless there is a copy already: that one may hold the learner's work."""
    from packerlab.errors import BadInputError

    target = folder / file.name
    if target.exists():
        print(f"{target} is already there, so packerlab left it unchanged.")
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target.write_text(_without_links(file.read_text(encoding="utf-8")), encoding="utf-8")
    except OSError as error:
        raise BadInputError(f"{target} can't be written: {error.strerror}.") from None
    print(f"{target}: your copy.")


def _without_links(notebook: str) -> str:
    """A notebook without its links to other files of the course, which do not lie beside a copy."""
    import re

    return re.sub(r"\[([^\[\]]{1,200})\]\(\.\./[^)\s]{1,200}\)", r"\1", notebook)
