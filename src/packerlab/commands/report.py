"""`packerlab report`: show a gradebook, or write it in another form."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packerlab.commands.options import CourseOption, LabOption, SandboxOption

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.text import Text

    from packerlab.gradebook import Gradebook
    from packerlab.report import Report
    from packerlab.writers.summary import LabSummary


UNJUDGED = ("fault", "incomplete")
"""The verdicts that are about the machine, and not about the work."""


def _forms() -> list[str]:
    """The names in the tables of writers, which are imported only when they are needed."""
    from packerlab.writers import FILLERS, WRITERS

    return [*WRITERS, *FILLERS]


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
    fill: Annotated[
        Path | None,
        typer.Option(
            "--fill", metavar="FILE", help="What Canvas or Moodle exported, to be filled in."
        ),
    ] = None,
    column: Annotated[
        str | None,
        typer.Option(
            "--column",
            metavar="NAME",
            help="The column to fill, by a part of its name; by default the lab's.",
        ),
    ] = None,
    lab: LabOption = None,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Grade the work in a certificate again, in a sandbox."),
    ] = False,
    sandbox: SandboxOption = "auto",
    course: CourseOption = None,
) -> None:
    """Show how a class did: the last attempt of each learner on each lab."""
    from packerlab.course import open_course
    from packerlab.errors import BadInputError
    from packerlab.gradebook import read_gradebook

    if verify:
        raise typer.Exit(_verify(gradebook, sandbox, course))
    if gradebook.is_file():
        raise BadInputError(f"{gradebook} is a file: --verify grades a certificate again.")
    if output and form is None:
        raise BadInputError(f"-o needs a format: add --format {_listed()}.")
    if form is not None and form not in _forms():
        raise BadInputError(f"There is no format `{form}`: it is {_listed()}.")
    _refuse_unfit(form, fill, column)
    book = read_gradebook(gradebook)
    if book.doubt:
        typer.echo(f"note: {book.doubt}", err=True)
    slug = open_course(course).lab(lab).slug if lab else None
    reports = (report for report in book.latest() if slug in (None, report.lab))
    if form is None:
        _show(reports)
    elif fill:
        _send(_filled(reports, form, fill, column, course), output)
    else:
        _write(book, reports, form, output)


def _refuse_unfit(form: str | None, fill: Path | None, column: str | None) -> None:
    """Raise BadInputError where an option has nothing to do, or lacks another."""
    from packerlab.errors import BadInputError
    from packerlab.writers import FILLERS

    if form in FILLERS and not fill:
        raise BadInputError(
            f"--format {form} fills in a file that you export from there: name it with --fill."
        )
    if (fill or column is not None) and form not in FILLERS:
        option = "--fill" if fill else "--column"
        raise BadInputError(f"{option} goes with --format {' or '.join(FILLERS)}.")


def _verify(file: Path, sandbox: str, course: Path | None) -> int:
    """Grade all work of a certificate again; the exit code."""
    from contextlib import closing

    from packerlab import certificate, errors, terminal
    from packerlab.course import open_course
    from packerlab.grading.grade_one import grade
    from packerlab.sandbox import Sandbox, choose
    from packerlab.text import visible

    whole = open_course(course)
    found = certificate.read(file)
    out = terminal.console()
    passing = total = unjudged = 0
    for work, lab in certificate.known(found, whole):
        total += 1
        if lab is None:
            out.print(f"✗ {visible(work.lab)}: this course has no such lab")
            continue
        backend = choose(sandbox, set(lab.needs), [whole.root], full_limits=True)
        with closing(Sandbox(backend, lab.limits, lab.needs)) as opened:
            report = grade(lab, work.handed_in(), opened, lab.limits)
        passing += report.passed
        unjudged += report.verdict in UNJUDGED
        sign = "✓" if report.passed else "?" if report.verdict in UNJUDGED else "✗"
        changed = "" if work.digests.lab == lab.digest else "; the lab has changed since"
        out.print(f"{sign} {lab.title}: {report.verdict}, on Packer {report.run.packer}{changed}")
    out.print(f"{passing} of {total} labs pass.")
    if unjudged:
        out.print(f"{unjudged} can't be judged on this machine, which says nothing of the work.")
        return errors.MACHINE
    return errors.DONE if passing == total else errors.NEGATIVE


def _listed() -> str:
    *names, last = _forms()
    return f"{', '.join(names)} or {last}"


def _write(book: "Gradebook", reports: "Iterable[Report]", form: str, output: Path | None) -> None:
    """Send the gradebook where it was asked for; nobody reads HTML on a terminal."""
    from packerlab.writers import WRITERS

    if form == "html" and not output and sys.stdout.isatty():
        output = book.path / "report.html"
    parts = WRITERS[form](_saying_who_has_no_score(reports))
    if output:
        _send(b"".join(parts), output)
    else:
        sys.stdout.buffer.writelines(parts)
        sys.stdout.buffer.flush()


def _filled(
    reports: "Iterable[Report]", form: str, fill: Path, column: str | None, course: Path | None
) -> bytes:
    """A platform's file with the scores in it; what else there is to know goes to stderr."""
    from packerlab.course import open_course
    from packerlab.errors import BadInputError
    from packerlab.text import visible
    from packerlab.writers import FILLERS
    from packerlab.writers.filling import Filling

    try:
        data = fill.read_bytes()
    except OSError as error:
        raise BadInputError(f"{fill} can't be read: {error.strerror}.") from None
    titles = {lab.slug: lab.manifest.title for lab in open_course(course).labs()}
    filling = Filling(data, visible(fill.name), titles, column)
    filled = FILLERS[form](_saying_who_has_no_score(reports), filling)
    for note in filled.notes:
        typer.echo(f"note: {note}", err=True)
    return filled.data


def _saying_who_has_no_score(reports: "Iterable[Report]") -> "Iterator[Report]":
    """The same reports; on stderr, those that are not to be taken for a zero."""
    from packerlab.text import visible
    from packerlab.writers.people import who
    from packerlab.writers.words import unscored

    for report in reports:
        if report.mark is None:
            typer.echo(f"note: {who(report)}, {visible(report.lab)}: {unscored(report)}", err=True)
        yield report


def _send(data: bytes, output: Path | None) -> None:
    from packerlab.errors import BadInputError

    if not output:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        output.write_bytes(data)
    except OSError as error:
        raise BadInputError(f"{output} can't be written: {error.strerror}.") from None
    typer.echo(f"Wrote {output}.", err=True)


def _show(reports: "Iterable[Report]") -> None:
    """One row for each lab."""
    from rich import box
    from rich.table import Table

    from packerlab.terminal import console
    from packerlab.writers.summary import summarise

    table = Table("lab", "submissions", "median", "failed most", box=box.SIMPLE_HEAD)
    for lab in summarise(reports):
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
