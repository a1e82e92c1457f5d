"""`packerlab report`: show a gradebook, or write it in another form."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packerlab.commands.options import CourseOption, SandboxOption

if TYPE_CHECKING:
    from rich.text import Text

    from packerlab.gradebook import Gradebook
    from packerlab.writers.summary import LabSummary


def _forms() -> list[str]:
    """The names in the table of writers, which is imported only when it is needed."""
    from packerlab.writers import WRITERS

    return list(WRITERS)


def report(
    gradebook: Annotated[
        Path,
        typer.Argument(
            metavar="DIR|FILE",
            help="The gradebook that `packerlab grade` made, or a certificate's JSON.",
        ),
    ],
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            metavar="NAME",
            help="Such as html or csv. Without it, a summary is shown here.",
            autocompletion=_forms,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write there, not to the terminal."),
    ] = None,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify",
            help="See whether all is as it was saved, and grade work again in a sandbox.",
        ),
    ] = False,
    sample: Annotated[
        int, typer.Option("--sample", metavar="N", min=0, help="How many reports to grade again.")
    ] = 5,
    sandbox: SandboxOption = "auto",
    course: CourseOption = None,
) -> None:
    """Show how a class did: the last attempt of each learner on each lab."""
    from packerlab.commands.verifying import opened, verified
    from packerlab.errors import BadInputError

    if verify:
        raise typer.Exit(verified(gradebook, sandbox, course, sample))
    if gradebook.is_file():
        raise BadInputError(f"{gradebook} is a file: --verify grades a certificate again.")
    if output and form is None:
        raise BadInputError(f"-o needs a format: add --format {_listed()}.")
    if form is not None and form not in _forms():
        raise BadInputError(f"There is no format `{form}`: it is {_listed()}.")
    book = opened(gradebook, course)
    if form is not None:
        _write(book, form, output)
    else:
        _show(book)


def _listed() -> str:
    *names, last = _forms()
    return f"{', '.join(names)} or {last}"


def _write(book: "Gradebook", form: str, output: Path | None) -> None:
    """Send the gradebook where it was asked for; nobody reads HTML on a terminal."""
    from packerlab.errors import BadInputError
    from packerlab.writers import WRITERS

    parts = WRITERS[form](book.latest())
    if form == "html" and not output and sys.stdout.isatty():
        output = book.path / "report.html"
    if not output:
        sys.stdout.buffer.writelines(parts)
        sys.stdout.buffer.flush()
        return
    data = b"".join(parts)
    try:
        output.write_bytes(data)
    except OSError as error:
        raise BadInputError(f"{output} can't be written: {error.strerror}.") from None
    typer.echo(f"Wrote {output}.", err=True)


def _show(book: "Gradebook") -> None:
    """One row for each lab."""
    from rich import box
    from rich.table import Table

    from packerlab.terminal import console
    from packerlab.writers.summary import summarise

    table = Table("lab", "submissions", "median", "failed most", box=box.SIMPLE_HEAD)
    for lab in summarise(book.latest()):
        table.add_row(*_cells(lab))
    if table.row_count:
        console().print(table, soft_wrap=False)
    else:
        typer.echo("There are no reports in this gradebook yet.")


def _cells(lab: "LabSummary") -> "tuple[Text, ...]":
    from rich.text import Text

    from packerlab.report import VERDICTS
    from packerlab.text import visible

    counts = [f"{lab.verdicts[name]} {name}" for name in VERDICTS if lab.verdicts[name]]
    median = "no score" if lab.median_percent is None else f"{lab.median_percent} %"
    worst = lab.hardest
    return (
        Text(visible(lab.slug or "unknown")),
        Text(f"{len(lab.reports)}: {', '.join(counts)}"),
        Text(median, no_wrap=True),
        Text(f"{visible(worst.text.title)} ({worst.failing_percent} %)" if worst else "nothing"),
    )
