"""The options that several verbs take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

LabArgument = Annotated[str, typer.Argument(help="The lab: its slug, its number, or its name.")]
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
