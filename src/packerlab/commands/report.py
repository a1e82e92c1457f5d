"""`packerlab report`: show a gradebook, or write it in another form."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packerlab.commands.options import ClassOption, CourseOption, LabOption, SandboxOption

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packerlab.classroom.opening import Classroom
    from packerlab.gradebook import Gradebook
    from packerlab.report import Report
    from packerlab.writers.filling import Filling

MARKS = "marks"
"""The form with a row for each learner, over all labs."""


def _forms() -> list[str]:
    """The names in the tables of writers, which are imported only when they are needed."""
    from packerlab.writers import FILLERS, FOLDERS, WRITERS

    return [*WRITERS, *FOLDERS, *FILLERS, MARKS]


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
        typer.Option(
            "--verify",
            help="See whether all is as it was saved, and grade work again in a sandbox.",
        ),
    ] = False,
    sample: Annotated[
        int, typer.Option("--sample", metavar="N", min=0, help="How many reports to grade again.")
    ] = 5,
    sign: Annotated[
        bool,
        typer.Option(
            "--sign", help="With --verify: sign a certificate whose work passes, with your key."
        ),
    ] = False,
    sandbox: SandboxOption = "auto",
    course: CourseOption = None,
    class_file: ClassOption = None,
) -> None:
    """Show how a class did: for each learner and lab, the attempt that counts."""
    from packerlab.classroom import opening
    from packerlab.commands.classes import show_marks
    from packerlab.commands.summary import show
    from packerlab.commands.verifying import opened, verified
    from packerlab.course import open_course
    from packerlab.course.signing import key_of
    from packerlab.errors import BadInputError
    from packerlab.writers import FOLDERS

    if verify:
        raise typer.Exit(verified(gradebook, sandbox, course, sample, sign=sign))
    if sign:
        raise BadInputError("--sign needs --verify: nothing is signed that was not graded again.")
    if gradebook.is_file():
        raise BadInputError(f"{gradebook} is a file: --verify grades a certificate again.")
    _refuse_unfit(form, output, fill, column)
    book = opened(gradebook, course)
    rules = class_file or opening.kept_in(gradebook, key_of(open_course(course).root))
    room = opening.open_classroom(rules) if rules else None
    slug = open_course(course).lab(lab).slug if lab else None
    reports = _Counting(book, room, slug, noting=form is not None)
    if form is None:
        show(reports)
        if room:
            show_marks(book.reports(), room)
    elif form == MARKS:
        _send([_marks(book, room)], output)
    elif form in FOLDERS:
        _write_folder(reports, form, output)
    elif fill:
        filling = _filling(fill, column, course, room)
        _send([_filled(reports, form, filling)], output)
    else:
        _write(book, reports, form, output)


def _refuse_unfit(
    form: str | None, output: Path | None, fill: Path | None, column: str | None
) -> None:
    """Raise BadInputError where an option has nothing to do, or lacks another."""
    from packerlab.errors import BadInputError
    from packerlab.writers import FILLERS

    *names, last = _forms()
    listed = f"{', '.join(names)} or {last}"
    if output and form is None:
        raise BadInputError(f"-o needs a format: add --format {listed}.")
    if form is not None and form not in _forms():
        raise BadInputError(f"There is no format `{form}`: it is {listed}.")
    if form in FILLERS and not fill:
        raise BadInputError(
            f"--format {form} fills in a file that you export from there: name it with --fill."
        )
    if (fill or column is not None) and form not in FILLERS:
        option = "--fill" if fill else "--column"
        raise BadInputError(f"{option} goes with --format {' or '.join(FILLERS)}.")


class _Counting:
    """One report for each learner and lab: the one that counts in the class.

    They are read anew, one at a time, whenever they are gone through. If `noting`, those without a
    score are named on standard error the first time: they are not to be taken for a zero.
    """

    def __init__(
        self, book: Gradebook, room: Classroom | None, slug: str | None, *, noting: bool
    ) -> None:
        self._book = book
        self._room = room
        self._slug = slug
        self._noting = noting

    def __iter__(self) -> Iterator[Report]:
        from packerlab.classroom.marks import counted

        book = self._book
        every = counted(book.reports(), self._room) if self._room else book.latest()
        noting, self._noting = self._noting, False
        for report in every:
            if self._slug in (None, report.lab):
                if noting and report.mark is None:
                    _note_no_score(report)
                yield report


def _note_no_score(report: Report) -> None:
    from packerlab.text import visible
    from packerlab.writers.people import who
    from packerlab.writers.words import unscored

    typer.echo(f"note: {who(report)}, {visible(report.lab)}: {unscored(report)}", err=True)


def _marks(book: Gradebook, room: Classroom | None) -> bytes:
    """The marks as CSV; what an instructor should know of them goes to standard error."""
    from packerlab.classroom.marks import marks
    from packerlab.classroom.opening import without_rules
    from packerlab.commands.classes import lines_of, notes_on
    from packerlab.writers.marks_table import marks_csv

    found = marks(book.reports(), room or without_rules())
    for note in notes_on(found):
        typer.echo(f"note: {note}", err=True)
    return marks_csv(list(found.labs), lines_of(found))


def _write(book: Gradebook, reports: Iterable[Report], form: str, output: Path | None) -> None:
    """Send the gradebook where it was asked for; nobody reads HTML on a terminal."""
    from packerlab.writers import WRITERS

    if form == "html" and not output and sys.stdout.isatty():
        output = book.path / "report.html"
    _send(WRITERS[form](reports), output)


def _write_folder(reports: Iterable[Report], form: str, output: Path | None) -> None:
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
        for name, data in FOLDERS[form](reports):
            file = output / name
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(data)
            count += 1
    except OSError as error:
        raise BadInputError(f"{output} can't be written: {error.strerror}.") from None
    typer.echo(f"Wrote {count} files into {output}; {INDEX} is for you.", err=True)


def _filling(
    fill: Path, column: str | None, course: Path | None, room: Classroom | None
) -> Filling:
    """What a filler is given: the file, and what labs and learners are called."""
    from packerlab.course import open_course
    from packerlab.errors import BadInputError
    from packerlab.text import visible
    from packerlab.writers.filling import Filling

    try:
        data = fill.read_bytes()
    except OSError as error:
        raise BadInputError(f"{fill} can't be read: {error.strerror}.") from None
    titles = {lab.slug: lab.manifest.title for lab in open_course(course).labs()}
    filling = Filling(data, visible(fill.name), titles, column)
    return filling._replace(known_as=room.known_as) if room else filling


def _filled(reports: Iterable[Report], form: str, filling: Filling) -> bytes:
    """A platform's file with the scores in it; what else there is to know goes to stderr."""
    from packerlab.writers import FILLERS

    filled = FILLERS[form](reports, filling)
    for note in filled.notes:
        typer.echo(f"note: {note}", err=True)
    return filled.data


def _send(parts: Iterable[bytes], output: Path | None) -> None:
    """Write to a file, or else to standard output."""
    from packerlab.commands.output import write

    if output:
        write(output, parts)
    else:
        sys.stdout.buffer.writelines(parts)
        sys.stdout.buffer.flush()
