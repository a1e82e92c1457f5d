"""`packerlab report`: show a gradebook, or write it in another form."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packerlab.commands.options import ClassOption, CourseOption, SandboxOption

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.text import Text

    from packerlab.classroom.opening import Classroom
    from packerlab.gradebook import Gradebook
    from packerlab.report import Report
    from packerlab.writers.summary import LabSummary


UNJUDGED = ("fault", "incomplete")
"""The verdicts that are about the machine, and not about the work."""
MARKS = "marks"
"""The form with a row for each learner, over all labs."""


def _forms() -> list[str]:
    """The names in the table of writers, which is imported only when it is needed."""
    from packerlab.writers import WRITERS

    return [*WRITERS, MARKS]


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
        typer.Option("--verify", help="Grade the work in a certificate again, in a sandbox."),
    ] = False,
    sandbox: SandboxOption = "auto",
    course: CourseOption = None,
    class_file: ClassOption = None,
) -> None:
    """Show how a class did: for each learner and lab, the attempt that counts."""
    from packerlab.classroom import opening
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
    book = read_gradebook(gradebook)
    if book.doubt:
        typer.echo(f"note: {book.doubt}", err=True)
    rules = class_file or opening.kept_in(gradebook)
    room = opening.open_classroom(rules) if rules else None
    if form == MARKS:
        _write(book, [_marks(book, room)], form, output)
    elif form is not None:
        _write(book, _written(book, form, room), form, output)
    else:
        _show(_counting(book, room))
        if room:
            _show_marks(book, room)


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


def _counting(book: "Gradebook", room: "Classroom | None") -> "Iterator[Report]":
    """One report for each learner and lab: the one that counts in the class."""
    from packerlab.classroom.marks import counted

    return counted(book.reports(), room) if room else book.latest()


def _written(book: "Gradebook", form: str, room: "Classroom | None") -> "Iterator[bytes]":
    from packerlab.writers import WRITERS

    return WRITERS[form](_counting(book, room))


def _marks(book: "Gradebook", room: "Classroom | None") -> bytes:
    """The marks as CSV; what an instructor should know of them goes to standard error."""
    from packerlab.classroom.marks import marks
    from packerlab.classroom.opening import without_rules
    from packerlab.commands.classes import lines_of, notes_on
    from packerlab.writers.marks_table import marks_csv

    found = marks(book.reports(), room or without_rules())
    for note in notes_on(found):
        typer.echo(f"note: {note}", err=True)
    return marks_csv(list(found.labs), lines_of(found))


def _show_marks(book: "Gradebook", room: "Classroom") -> None:
    """A row for each learner, and what an instructor should know."""
    from packerlab.classroom.marks import marks
    from packerlab.commands.classes import marks_table, notes_on
    from packerlab.terminal import console

    out = console()
    found = marks(book.reports(), room)
    out.print(marks_table(found, room.rules.title), soft_wrap=False)
    for note in notes_on(found):
        out.print(note)


def _write(book: "Gradebook", parts: "Iterable[bytes]", form: str, output: Path | None) -> None:
    """Send the gradebook where it was asked for; nobody reads HTML on a terminal."""
    from packerlab.errors import BadInputError

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


def _show(reports: "Iterator[Report]") -> None:
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
