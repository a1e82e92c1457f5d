"""`packerlab export starter|gradescope|ci`: what other people and systems are given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packerlab.commands.options import CourseOption, LabArgument

if TYPE_CHECKING:
    from packerlab.lab import Lab

app = typer.Typer(help="What is handed out, or given to another system.", no_args_is_help=True)

OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write there.")
]


def _systems() -> list[str]:
    from packerlab.exports.pipelines import PIPELINES

    return list(PIPELINES)


@app.command()
def starter(lab: LabArgument, output: OutputOption = None, course: CourseOption = None) -> None:
    """Make a zip to hand out: the workspace that `packerlab start` makes."""
    from packerlab.exports.starters import starter_zip

    chosen = _lab(lab, course)
    _write(output or Path(f"{chosen.slug}.zip"), starter_zip(chosen))


@app.command()
def gradescope(lab: LabArgument, output: OutputOption = None, course: CourseOption = None) -> None:
    """Make an autograder's zip for Gradescope, with this machine's Packer in it."""
    from packerlab.exports.autograder import autograder_zip
    from packerlab.sandbox.host_packer import host_packer

    chosen = _lab(lab, course)
    _write(output or Path(f"{chosen.slug}_gradescope.zip"), autograder_zip(chosen, host_packer()))


@app.command()
def ci(
    system: Annotated[
        str, typer.Argument(metavar="github|gitlab", autocompletion=_systems, show_default=False)
    ],
    lab: LabArgument,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="WHAT",
            help="What pip installs packerlab from, else the CI's variable PACKERLAB says it.",
        ),
    ] = None,
    output: OutputOption = None,
    course: CourseOption = None,
) -> None:
    """Write a file for a CI that checks a learner's repository on every push."""
    from packerlab.errors import BadInputError
    from packerlab.exports.pipelines import PIPELINES

    if system not in PIPELINES:
        raise BadInputError(f"There is no CI `{system}`: it is {' or '.join(PIPELINES)}.")
    text = PIPELINES[system](_lab(lab, course), source)
    if output:
        _write(output, text.encode())
    else:
        print(text, end="")


def _lab(name: str, course: Path | None) -> Lab:
    from packerlab.course import open_course

    return open_course(course).lab(name)


def _write(path: Path, data: bytes) -> None:
    from packerlab.errors import BadInputError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise BadInputError(f"{path} can't be written: {error.strerror}.") from None
    typer.echo(f"Wrote {path}.", err=True)
