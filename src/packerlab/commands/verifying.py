"""What `packerlab report --verify` does, for a gradebook and for a certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from packerlab.course import Course
    from packerlab.course.signing import Key
    from packerlab.gradebook import Gradebook
    from packerlab.learning.certificate import Certificate, Work
    from packerlab.report import Report

UNJUDGED = ("fault", "incomplete")
"""The verdicts that are about the machine, and not about the work."""


def opened(path: Path, course: Path | None) -> Gradebook:
    """A gradebook to read; what there is to say against it is said."""
    from packerlab.appeals.auditing import findings
    from packerlab.course import open_course
    from packerlab.course.signing import key_of
    from packerlab.gradebook import read_gradebook

    book = read_gradebook(path, key_of(open_course(course).root))
    doubt = book.doubt
    if book.ledger and (found := findings(book)):
        first = f"{found[0]} (and {len(found) - 1} more)" if len(found) > 1 else found[0]
        doubt = f"Not all of {path} is as it was saved: {first}; --verify shows it."
    if doubt:
        typer.echo(f"note: {doubt}", err=True)
    return book


def verified(path: Path, sandbox: str, course: Path | None, sample: int, *, sign: bool) -> int:
    """Verify a gradebook, or the certificate in a file and sign it; the exit code."""
    from packerlab.errors import BadInputError

    if path.is_file():
        return _certificate(path, sandbox, course, sign=sign)
    if sign:
        raise BadInputError(f"{path} is no certificate: a gradebook is signed as it is made.")
    return _gradebook(path, sandbox, course, sample)


def _gradebook(path: Path, sandbox: str, course: Path | None, count: int) -> int:
    """What was edited, added or taken away, and whether work graded again comes out the same."""
    from packerlab import errors
    from packerlab.appeals import auditing
    from packerlab.classroom.opening import course_of
    from packerlab.course import open_course
    from packerlab.course.signing import key_of
    from packerlab.display import terminal
    from packerlab.gradebook import read_gradebook
    from packerlab.gradebook.ledger import LEDGER

    book = read_gradebook(path, key_of(open_course(course).root))
    out = terminal.console()
    wrong = auditing.findings(book)
    for finding in wrong:
        out.print(f"✗ {finding}")
    if ledger := book.ledger:
        out.print(f"{LEDGER}: {len(ledger.entries)} entries signed by {ledger.key.fingerprint}, "
                  f"the last is {ledger.head or 'none'}")  # fmt: skip
    else:
        out.print("? This course has no key, so edited reports can't be told from graded ones.")
    try:
        whole = course_of(path, course)
    except errors.BadInputError as error:
        out.print(f"? No work is graded again: {error}")
        return errors.NEGATIVE if wrong else errors.BAD_INPUT
    differing, unjudged = _again(out, book, whole, sandbox, auditing.sample(book, count))
    if wrong or differing:
        return errors.NEGATIVE
    return errors.MACHINE if unjudged or book.ledger is None else errors.DONE


def _again(
    out: Console, book: Gradebook, course: Course, sandbox: str, reports: list[Report]
) -> tuple[int, int]:
    """Grade a sample again; how many came out differently, and how many can't be judged here."""
    from packerlab.appeals.auditing import grade_again
    from packerlab.appeals.staleness import Today
    from packerlab.report import person
    from packerlab.sandbox import choose

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


def _certificate(file: Path, sandbox: str, course: Path | None, *, sign: bool) -> int:
    """Grade all work of a certificate again, and sign it if all is right; the exit code."""
    from msgspec.structs import replace

    from packerlab import errors
    from packerlab.course import open_course
    from packerlab.course.signing import key_of
    from packerlab.display import terminal
    from packerlab.learning import certificate
    from packerlab.text import visible

    whole = open_course(course)
    key = key_of(whole.root)
    if sign and not (key and key.private):
        raise errors.BadInputError(
            f"{whole.root} has no signing.key, so nothing can be signed: `packerlab key` makes one."
        )
    found = certificate.read(file)
    out = terminal.console()
    out.print(f"{visible(found.name) or 'Nobody by name'}, as of {found.made}")
    broken = _look_at_seal(out, found, key)
    graded = _grade_all(out, found, whole, sandbox)
    if graded.all_pass and not broken:
        if sign and key:
            seen = replace(found, course=whole.outline.title, work=graded.passing)
            _write_signed(certificate.sign(seen, key), whole, file)
        return errors.DONE
    if sign:
        typer.echo("Not signed: that needs a certificate all of whose work passes.", err=True)
    return errors.NEGATIVE if broken or graded.fails else errors.MACHINE


def _look_at_seal(out: Console, found: Certificate, key: Key | None) -> bool:
    """Say who has signed a certificate; whether the signature is wrong."""
    from packerlab.learning.certificate import sealed_by
    from packerlab.text import visible

    if found.seal is None:
        return False
    said = f"signed by {visible(found.seal.key)} on {found.seal.day}"
    if key is None:
        out.print(f"? {said}; this course has no key to compare with")
        return False
    right = sealed_by(found, key)
    out.print(f"✓ {said}" if right else f"✗ {said}, but not with this course's key, or not this")
    return not right


class _Graded(NamedTuple):
    """The work that passes, as it was graded here; of how many labs, and how many can't tell."""

    passing: list[Work]
    total: int
    unjudged: int

    @property
    def all_pass(self) -> bool:
        return len(self.passing) == self.total

    @property
    def fails(self) -> bool:
        return len(self.passing) + self.unjudged < self.total


def _grade_all(out: Console, found: Certificate, course: Course, sandbox: str) -> _Graded:
    """Grade all work of a certificate. What it says of a lab gives way to what we see."""
    from contextlib import closing

    from msgspec.structs import replace

    from packerlab.grading.grade_one import grade
    from packerlab.learning import certificate
    from packerlab.sandbox import Sandbox, choose
    from packerlab.text import visible

    passing: list[Work] = []
    total = unjudged = 0
    for work, lab in certificate.known(found, course):
        total += 1
        if lab is None:
            out.print(f"✗ {visible(work.lab)}: this course has no such lab")
            continue
        backend = choose(sandbox, set(lab.needs), [course.root], full_limits=True)
        with closing(Sandbox(backend, lab.limits, lab.needs)) as opened:
            report = grade(lab, work.handed_in(), opened, lab.limits)
        run = report.run
        if report.passed:
            passing.append(replace(work, title=lab.title, packer=run.packer, sandbox=run.sandbox,
                                   digests=report.digests))  # fmt: skip
        unjudged += report.verdict in UNJUDGED
        sign = "✓" if report.passed else "?" if report.verdict in UNJUDGED else "✗"
        changed = "" if work.digests.lab == lab.digest else "; the lab has changed since"
        out.print(f"{sign} {lab.title}: {report.verdict}, on Packer {run.packer}{changed}")
    out.print(f"{len(passing)} of {total} labs pass.")
    if unjudged:
        out.print(f"{unjudged} can't be judged on this machine, which says nothing of the work.")
    return _Graded(passing, total, unjudged)


def _write_signed(signed: Certificate, course: Course, file: Path) -> None:
    """Put the signed certificate, and its page, in the place of the one that was verified."""
    from packerlab.errors import BadInputError
    from packerlab.learning import certificate

    page = file.with_suffix(".html")
    try:
        page.write_bytes(certificate.page(signed, course, file.name))
        file.write_bytes(certificate.encode(signed))
    except OSError as error:
        raise BadInputError(f"{file} can't be signed: {error.strerror}.") from None
    typer.echo(f"Signed {file} and {page}.", err=True)
