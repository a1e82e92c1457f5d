"""Whether a gradebook is what grading left: digests, signatures, and work graded again."""

from __future__ import annotations

import random
from contextlib import ExitStack, closing, suppress
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from packerlab.appeals.staleness import WORDS
from packerlab.errors import BadInputError
from packerlab.gradebook.files import CLASS, OVERRIDES, REPORTS, read_override, read_report
from packerlab.grading.grade_one import grade
from packerlab.report import Run, encode
from packerlab.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from packerlab.appeals.staleness import Today
    from packerlab.gradebook import Gradebook
    from packerlab.gradebook.ledger import Ledger
    from packerlab.report import Report
    from packerlab.sandbox.base import Backend


class Regraded(NamedTuple):
    """How the work of a report ended when graded again; `same` is None where nobody can tell."""

    report: Report
    same: bool | None
    said: str


def findings(book: Gradebook) -> list[str]:
    """What is not as it was saved, each in a sentence; meanwhile, nobody saves anything."""
    with ExitStack() as held:
        if book.ledger:
            with suppress(OSError):  # nor does anybody where we may only read
                held.enter_context(book.ledger.alone())
        by_ledger = list(_by_ledger(book, book.ledger)) if book.ledger else []
        return [*by_ledger, *_by_digests(book)]


def _by_ledger(book: Gradebook, ledger: Ledger) -> Iterator[str]:
    """Files that were edited, added or taken away."""
    if ledger.broken:
        yield f"{ledger.broken}: it and all after it is not believed"
    there = {
        file.relative_to(book.path).as_posix(): file
        for pattern in (f"{REPORTS}/*/*/*.json", f"{OVERRIDES}/*/*/*/*.json", f"{CLASS}/*")
        for file in sorted(book.path.glob(pattern))
        if not file.name.startswith(".")
    }
    for name, file in there.items():
        if name not in ledger.last:
            if not _means_nothing(name, file):
                yield f"{name} was added: it is not signed"
        elif not ledger.holds(name, file.read_bytes()) and not _under_way(book, ledger, name):
            yield f"{name} was edited"
    for name, entry in ledger.last.items():
        if name not in there and not _under_way(book, ledger, name):
            yield f"{name} was taken away"
        if entry.work and not (book.path / entry.work).is_file():
            yield f"{entry.work} was taken away"


def _means_nothing(name: str, file: Path) -> bool:
    """Whether it is points by hand that were taken back, such as before the course had a key."""
    try:
        return name.startswith(f"{OVERRIDES}/") and read_override(file).points is None
    except BadInputError:
        return False


def _under_way(book: Gradebook, ledger: Ledger, name: str) -> bool:
    """Whether a killed process left a file under another name, as the ledger has it."""
    path = book.path / name
    beside = path.parent.glob(f".{path.name}.*")
    return any(ledger.holds(name, file.read_bytes()) for file in beside)


def _by_digests(book: Gradebook) -> Iterator[str]:
    """Reports that can't be read, and kept files that are not those that were graded."""
    seen = set()
    for file in sorted(book.path.glob(f"{REPORTS}/*/*/[0-9]*.json")):
        try:
            report = read_report(file)
            kept = book.kept(report.lab, report.digests.submission)
            if kept not in seen:
                seen.add(kept)
                book.work(report)
        except BadInputError as error:
            yield str(error).rstrip(".")


# --- a sample -------------------------------------------------------------------------------------


def sample(book: Gradebook, count: int) -> list[Report]:
    """So many of the last attempts whose work was kept, by chance; fewer where there are not."""
    kept = [report for report in book.last_graded() if _is_kept(book, report)]
    return random.SystemRandom().sample(kept, min(count, len(kept)))


def _is_kept(book: Gradebook, report: Report) -> bool:
    file = book.kept(report.lab, report.digests.submission)
    return file is not None and file.is_file()


def grade_again(book: Gradebook, report: Report, today: Today, backend: Backend) -> Regraded:
    """Grade what a report is about once more: all that grading decides must come out the same."""
    lab = today.lab(report.lab)
    if lab is None:
        return Regraded(report, None, "this course has no such lab")
    if changed := today.changed(report):
        what = " and ".join(WORDS[name] for name in changed)
        return Regraded(report, None, f"{what} changed since; `packerlab regrade` grades it again")
    try:
        work = book.work(report)
    except BadInputError as error:
        return Regraded(report, same=False, said=str(error))
    if work is None:
        return Regraded(report, None, "its files are not in the gradebook")
    with closing(Sandbox(backend, lab.limits, lab.needs)) as sandbox:
        return _compared(report, grade(lab, work, sandbox, lab.limits))


def _compared(report: Report, again: Report) -> Regraded:
    if _lasting(again) == _lasting(report):
        return Regraded(report, same=True, said=f"{again.verdict}, as in the gradebook")
    if not (again.complete and report.complete) or again.run.retry or report.run.retry:
        return Regraded(report, None, f"{again.verdict} here, which says nothing of the work")
    said = f"{_score(again)} here, {_score(report)} in the gradebook"
    return Regraded(report, same=False, said=said)


def _lasting(report: Report) -> bytes:
    """A report's bytes outside `run`, which equal gradings share."""
    return encode(msgspec.structs.replace(report, run=Run()))


def _score(report: Report) -> str:
    return f"{report.verdict} {report.score} of {report.max_score}"
