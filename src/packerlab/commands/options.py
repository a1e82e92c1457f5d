"""The options that several verbs take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from packerlab.course import Course


def lab_names(context: typer.Context) -> list[str]:
    """What a shell completes where a lab is named."""
    course = completing(context)
    return course.slugs if course else []


def completing(context: typer.Context) -> Course | None:
    """The course of a command line that is being completed; None where there is none."""
    from packerlab.course import open_course
    from packerlab.errors import BadInputError

    try:
        return open_course(context.params.get("course"))
    except BadInputError:
        return None


LabArgument = Annotated[
    str,
    typer.Argument(help="The lab: its slug, its number, or its name.", autocompletion=lab_names),
]
FolderArgument = Annotated[
    Path, typer.Argument(metavar="[DIR]", help="The workspace; by default this folder.")
]
CourseOption = Annotated[
    Path | None,
    typer.Option("--course", help="Another course's folder.", show_default=False),
]
SandboxOption = Annotated[
    str,
    typer.Option(
        "--sandbox",
        help="Where Packer runs: auto, or one that `packerlab sandbox status` lists.",
        metavar="NAME",
        show_default=True,
    ),
]
LabOption = Annotated[
    str | None,
    typer.Option("--lab", help="The lab: its slug, its number, or its name.", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a machine to read.")]
JobsOption = Annotated[
    int,
    typer.Option("--jobs", "-j", min=0, max=256, help="Reports at a time; 0: one per core."),
]
