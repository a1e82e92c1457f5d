"""The options that several verbs take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

CourseOption = Annotated[
    Optional[Path],  # noqa: UP045  (Typer reads it)
    typer.Option("--course", help="Another course's folder.", show_default=False),
]
SandboxOption = Annotated[
    str,
    typer.Option(
        "--sandbox",
        help="Where Packer runs: auto, bubblewrap, docker or docker-plain.",
        metavar="NAME",
        show_default=True,
    ),
]
LabOption = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--lab", help="The lab: its slug, its number, or its name.", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a machine to read.")]
