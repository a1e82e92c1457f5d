"""What `packerlab report --verify` does, for a gradebook and for a certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from packerlab.course import Course
    from packerlab.gradebook import Gradebook
    from packerlab.report import Report

UNJUDGED = ("fault", "incomplete")
"""The verdicts that are about the machine, and not about the work."""


def opened(path: Path, course: Path | None) -> Gradebook:
    """A gradebook to read; what there is to say against it is said."""
    from packerlab.auditing import findings
    from packerlab.course import open_course
    from packerlab.gradebook import read_gradebook
    from packerlab.signing import key_of

    book = read_gradebook(path, key_of(open_course(course).root))
    doubt = book.doubt
    if book.ledger and (found := findings(book)):
        first = f"{found[0]} (and {len(found) - 1} more)" if len(found) > 1 else found[0]
        doubt = f"Not all of {path} is as it was saved: {first}; --verify shows it."
    if doubt:
        typer.echo(f"note: {doubt}", err=True)
    return book


def verified(path: Path, sandbox: str, course: Path | None, sample: int) -> int:
    """Verify a gradebook, or the certificate in a file; the exit code."""
    if path.is_file():
        return _certificate(path, sandbox, course)
    return _gradebook(path, sandbox, course, sample)


def _gradebook(path: Path, sandbox: str, course: Path | None, count: int) -> int:
    """What was edited, added or taken away, and whether work graded again comes out the same."""
    from packerlab import auditing, errors, terminal
    from packerlab.classroom.opening import course_of
    from packerlab.gradebook import read_gradebook
    from packerlab.ledger import LEDGER
    from packerlab.signing import key_of

    whole = course_of(path, course)
    book = read_gradebook(path, key_of(whole.root))
    out = terminal.console()
    wrong = auditing.findings(book)
    for finding in wrong:
        out.print(f"✗ {finding}")
    if ledger := book.ledger:
        out.print(f"{LEDGER}: {len(ledger.entries)} entries signed by {ledger.key.fingerprint}, "
                  f"the last is {ledger.head or 'none'}")  # fmt: skip
    else:
        out.print("? This course has no key, so edited reports can't be told from graded ones.")
    differing, unjudged = _again(out, book, whole, sandbox, auditing.sample(book, count))
    if wrong or differing:
        return errors.NEGATIVE
    return errors.MACHINE if unjudged or book.ledger is None else errors.DONE


def _again(
    out: Console, book: Gradebook, course: Course, sandbox: str, reports: list[Report]
) -> tuple[int, int]:
    """Grade a sample again; how many came out differently, and how many can't be judged here."""
    from packerlab.auditing import grade_again
    from packerlab.report import person
    from packerlab.sandbox import choose
    from packerlab.staleness import Today

    differing = unjudged = 0
    name = book.sandbox if sandbox == "auto" and book.sandbox else sandbox
    for report in reports:
        lab = course.find(report.lab)
        needs = set(lab.needs) if lab else {"packer"}
        backend = choose(name, needs, [course.root, book.path.resolve()], full_limits=False)
        today = Today(course, backend.packer().digest)
        _, same, said = grade_again(book, report, today, backend)
        differing += same is False
        unjudged += same is None
        sign = {True: "✓", False: "✗", None: "?"}[same]
        out.print(f"{sign} {person(report)} {report.lab}: {said}")
    return differing, unjudged


def _certificate(file: Path, sandbox: str, course: Path | None) -> int:
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
