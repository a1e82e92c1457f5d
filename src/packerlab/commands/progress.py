"""`packerlab progress`: how far a learner is in the course, and what comes next."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from packerlab.commands.options import CourseOption, JsonOption

if TYPE_CHECKING:
    from packerlab.course import Course
    from packerlab.learning.progress import Progress

PAGE, WORK = ".html", ".json"
WIDTH = 20
"""Columns of a bar."""


def progress(
    course: CourseOption = None,
    as_json: JsonOption = False,
    export: Annotated[
        Path | None,
        typer.Option("--export", metavar="FILE", help="Write a copy, to take elsewhere."),
    ] = None,
    take: Annotated[
        Path | None,
        typer.Option("--import", metavar="FILE", help="Take a copy; what was here is kept beside."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            metavar="FILE.html",
            help="Write a certificate: a page, and beside it the work that passed, as JSON.",
        ),
    ] = None,
    name: Annotated[
        str, typer.Option("--name", help="Your name, for the certificate.", show_default=False)
    ] = "",
) -> None:
    """Show what you have passed, and what comes next."""
    import msgspec

    from packerlab.course import open_course
    from packerlab.errors import BadInputError
    from packerlab.learning import progress as records

    whole = open_course(course)
    path = records.file_of(whole)
    if take:
        if not take.exists():
            raise BadInputError(f"{take}: there is no such file.")
        taken = records.read(take)
        if path.exists():
            path.replace(path.with_suffix(".before-import.json"))
        records.write(path, taken)
    found = records.read(path)
    if export:
        records.write(export, found)
    if report:
        _certify(whole, report, name)
    elif as_json:
        sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
    else:
        show(whole, found)


def _certify(course: Course, page: Path, name: str) -> None:
    """Write a certificate, and say what it does not show."""
    from packerlab.errors import BadInputError
    from packerlab.learning import certificate

    if page.suffix != PAGE:
        raise BadInputError(f"{page}: a certificate is a page, so give it a name with {PAGE}.")
    work = page.with_suffix(WORK)
    awarded = certificate.award(course, name)
    try:
        page.write_bytes(certificate.page(awarded.certificate, course, work.name))
        work.write_bytes(certificate.encode(awarded.certificate))
    except OSError as error:
        raise BadInputError(f"{page} can't be written: {error.strerror}.") from None
    print(f"Wrote {page} and {work}.", file=sys.stderr)
    for title in awarded.without_work:
        print(f"Left out: {title}. Its work isn't on this machine: check it here.", file=sys.stderr)


def show(course: Course, found: Progress) -> None:
    """A bar for each chapter, a line for each lab, and the next command."""
    from packerlab.display import terminal
    from packerlab.learning.progress import next_step

    out = terminal.console()
    chapters = [chapter for chapter in course.outline.chapter if chapter.slugs]
    width = max((len(chapter.title) for chapter in chapters), default=0)
    longest = max((len(lab.title) for lab in course.labs()), default=0)
    for chapter in chapters:
        passed = sum(found.passed(slug) for slug in chapter.slugs)
        bar = "█" * (WIDTH * passed // len(chapter.slugs))
        counted = f"{passed} of {len(chapter.slugs)}"
        out.print(f"{chapter.title:{width}}  {bar:░<{WIDTH}} {counted}", style="bold")
        for lab in map(course.lab, chapter.slugs):
            record = found.of(lab)
            symbol = "✓" if record.passed else ("…" if record.begun else "○")
            state = f"passed {record.passed}" if record.passed else ""
            if record.begun and not record.passed:
                state = f"started {record.begun}, {record.score} points so far"
            out.print(f"  {symbol} {lab.title:{longest}} {state}".rstrip())
    out.print(next_step(course, found))


def where_you_are() -> None:
    """What bare `packerlab` says: the lab in hand, and the next command."""
    from packerlab.course import open_course
    from packerlab.learning import progress as records

    course = open_course(None)
    found = records.read(records.file_of(course))
    passed = sum(found.passed(slug) for slug in course.slugs)
    if found.last in course.slugs:
        lab = course.lab(found.last)
        state = "passed" if found.passed(lab.slug) else f"{found.of(lab).score} points so far"
        print(f"You are at {lab.title}: {state}.")
    print(f"You have passed {passed} of {len(course.slugs)} labs.")
    print(records.next_step(course, found))
    print("Everything else: packerlab --help")
