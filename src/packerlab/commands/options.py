"""The options that several verbs take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from packerlab.course import Course

Completion = tuple[str, str]
"""A word that a shell completes, and what it shows beside it."""


def lab_names(context: typer.Context) -> list[Completion]:
    """What a shell completes where a lab is named: every lab of the course."""
    course = completing(context)
    return [(lab.slug, lab.manifest.title) for lab in course.labs()] if course else []


def started_labs(context: typer.Context) -> list[Completion]:
    """What a shell completes where a workspace is named: the labs that have one."""
    from packerlab.learning import progress

    course = completing(context)
    begun = progress.read(progress.file_of(course)).labs if course else {}
    return [(slug, title) for slug, title in lab_names(context) if slug in begun]


def sandbox_names() -> list[str]:
    """What a shell completes where a sandbox is named."""
    from packerlab.sandbox import NAMES

    return list(NAMES)


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
LabInHandArgument = Annotated[
    str | None,
    typer.Argument(
        help="The lab; by default the one whose workspace this folder is.",
        autocompletion=lab_names,
        show_default=False,
    ),
]
FolderArgument = Annotated[
    Path,
    typer.Argument(
        metavar="[LAB|DIR]",
        help="A lab that you have started, or a workspace's folder; by default this folder.",
        autocompletion=started_labs,
        show_default=False,
    ),
]
GradebookArgument = Annotated[
    Path,
    typer.Argument(metavar="GRADEBOOK", help="The gradebook that `packerlab grade` made."),
]
LearnerArgument = Annotated[
    str,
    typer.Argument(metavar="LEARNER", help="The learner's name, or the gradebook's key for it."),
]
CheckArgument = Annotated[
    str,
    typer.Argument(
        metavar="CHECK", help="The check: its number, its name, or a part of its title."
    ),
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
        autocompletion=sandbox_names,
    ),
]
LabOption = Annotated[
    str | None,
    typer.Option(
        "--lab",
        help="The lab: its slug, its number, or its name.",
        autocompletion=lab_names,
        show_default=False,
    ),
]
ClassOption = Annotated[
    Path | None,
    typer.Option(
        "--class",
        metavar="FILE",
        help="The class's rules, a class.toml; by default those of the gradebook.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a machine to read.")]
JobsOption = Annotated[
    int,
    typer.Option("--jobs", "-j", min=0, max=256, help="Reports at a time; 0: one per core."),
]
TlsAuthorityOption = Annotated[
    Path | None,
    typer.Option("--tls-ca-file", metavar="FILE", help="TLS: the certificate of the authority."),
]
TlsCertificateOption = Annotated[
    Path | None, typer.Option("--tls-cert", metavar="FILE", help="TLS: your own certificate.")
]
TlsKeyOption = Annotated[
    Path | None, typer.Option("--tls-key", metavar="FILE", help="TLS: its private key.")
]
