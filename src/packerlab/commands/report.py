"""`packerlab report`: show a gradebook, or write it in another form."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packerlab.commands.options import CourseOption, SandboxOption

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rich.text import Text

    from packerlab.gradebook import Gradebook
    from packerlab.report import Report
    from packerlab.writers.summary import LabSummary


class _Again:
    """Reports that are read anew, one at a time, whenever they are gone through."""

    def __init__(self, read: "Callable[[], Iterable[Report]]") -> None:
        self.read = read

    def __iter__(self) -> "Iterator[Report]":
        return iter(self.read())


UNJUDGED = ("fault", "incomplete")
"""The verdicts that are about the machine, and not about the work."""


def _forms() -> list[str]:
    """The names in the tables of writers, which are imported only when they are needed."""
    from packerlab.writers import FOLDERS, WRITERS

    return [*WRITERS, *FOLDERS]


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
        typer.Option(
            "--output",
            "-o",
            metavar="FILE|FOLDER",
            help="Write there, not to the terminal; pages need a new or empty folder.",
        ),
    ] = None,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Grade the work in a certificate again, in a sandbox."),
    ] = False,
    sandbox: SandboxOption = "auto",
    course: CourseOption = None,
) -> None:
    """Show how a class did: the last attempt of each learner on each lab."""
    from packerlab.errors import BadInputError
    from packerlab.gradebook import read_gradebook
    from packerlab.writers import FOLDERS

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
    if form in FOLDERS:
        _write_folder(book, form, output)
    elif form is not None:
        _write(book, form, output)
    else:
        _show(book)


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


def _write(book: "Gradebook", form: str, output: Path | None) -> None:
    """Send the gradebook where it was asked for; nobody reads HTML on a terminal."""
    from packerlab.commands.output import write
    from packerlab.writers import WRITERS

    parts = WRITERS[form](_Again(book.latest))
    if form == "html" and not output and sys.stdout.isatty():
        output = book.path / "report.html"
    if not output:
        sys.stdout.buffer.writelines(parts)
        sys.stdout.buffer.flush()
        return
    write(output, parts)


def _write_folder(book: "Gradebook", form: str, output: Path | None) -> None:
    """Write a form of many files, for the instructor alone, into a folder of their own."""
    from packerlab.errors import BadInputError
    from packerlab.writers import FOLDERS
    from packerlab.writers.learner_pages import INDEX

    if output is None:
        raise BadInputError(f"{form} are written into a folder: add -o and its name.")
    count = 0
    try:
        output.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(output.iterdir()):
            raise BadInputError(f"{output} is not empty: name a new folder, or empty it first.")
        for name, data in FOLDERS[form](book.latest()):
            file = output / name
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(data)
            count += 1
    except OSError as error:
        raise BadInputError(f"{output} can't be written: {error.strerror}.") from None
    typer.echo(f"Wrote {count} files into {output}; {INDEX} is for you.", err=True)


def _show(book: "Gradebook") -> None:
    """One row for each lab, and what stands out in it."""
    from rich import box
    from rich.table import Table

    from packerlab.terminal import console
    from packerlab.text import visible
    from packerlab.writers.summary import summarise

    labs = summarise(book.latest())
    if not labs:
        typer.echo("There are no reports in this gradebook yet.")
        return
    table = Table("lab", "submissions", "median", "failed most", box=box.SIMPLE_HEAD)
    for lab in labs:
        table.add_row(*_cells(lab))
    out = console()
    out.print(table, soft_wrap=False)
    for lab in labs:
        for remark in _remarks(lab):
            out.print(f"{visible(lab.short)}: {visible(remark)}")


def _cells(lab: "LabSummary") -> "tuple[Text, ...]":
    from rich.text import Text

    from packerlab.report import VERDICTS
    from packerlab.text import visible

    counts = [f"{lab.verdicts[name]} {name}" for name in VERDICTS if lab.verdicts[name]]
    median = "no score" if lab.median_percent is None else f"{lab.median_percent} %"
    worst = lab.hardest
    return (
        Text(visible(lab.slug or "unknown")),
        Text(f"{lab.submissions}: {', '.join(counts)}"),
        Text(median, no_wrap=True),
        Text(f"{visible(worst.text.title)} ({worst.failing_percent} %)" if worst else "nothing"),
    )


def _remarks(lab: "LabSummary") -> "Iterator[str]":
    for check in lab.passed_by_nobody:
        yield f"nobody passes: {check.text.title}"
    if everybody := len(lab.passed_by_everybody):
        yield f"everybody passes {everybody} of {len(lab.checks)} checks"
    wrong = [(count, value, check) for check in lab.checks.values()
             for value, count in check.commonest[:1] if count > 1]  # fmt: skip
    if wrong:
        count, value, check = max(wrong, key=lambda each: each[0])
        yield f"the commonest wrong answer, {count} times, is `{value}` to: {check.text.title}"
