"""Grade a gradebook's submissions again, from the gradebook alone, and tell what changed.

A *round* is one regrading, however often it is interrupted. It keeps each report that it replaces:

- `regrades/<number>/before/<slug>/<learner>/<attempt>.json`: the report as it was
- `regrades/<number>/changes.json`: what the round changed; written last, so that it ends the round

What can't be judged on this machine keeps the report that it has.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from packerlab.classroom.units import Unit
from packerlab.errors import BadInputError, MachineError
from packerlab.gradebook import Gradebook
from packerlab.gradebook.files import REPORTS, read_report
from packerlab.gradebook.overrides import in_force
from packerlab.report import person
from packerlab.state import write_atomically
from packerlab.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from packerlab.appeals.staleness import Today
    from packerlab.classroom.batch import UnitsOfOne
    from packerlab.report import Check, Report

ROUNDS = "regrades"
BEFORE = "before"
CHANGES = "changes.json"


# --- what there is to do --------------------------------------------------------------------------


class Stale(NamedTuple):
    """A report to make again, without its checks, and why, in words."""

    report: Report
    why: list[str]


class Plan(NamedTuple):
    """What would be graded again, by learner.

    `refused` and `lost` are the names of learners whose stale reports stay as they are: no files
    were kept, because the reader refused them, or because an older packerlab kept none. `unsigned`
    are files of reports that are not believed, so that nobody knows who handed in what they name.
    """

    again: dict[str, list[Stale]]
    refused: list[str]
    lost: list[str]
    unsigned: list[str]

    def all(self) -> list[Stale]:
        return [stale for of_one in self.again.values() for stale in of_one]


def plan(book: Gradebook, today: Today, wanted: Callable[[Report], bool]) -> Plan:
    """The wanted reports that grading today might not give, or that were never judged."""
    unsigned = [file.relative_to(book.path).as_posix() for file in book.unsigned()]
    found = Plan({}, [], [], unsigned)
    for report in filter(wanted, book.graded()):
        why = [*today.changed(report), *([] if report.complete else [report.verdict])]
        if not why or today.lab(report.lab) is None:
            continue
        file = book.kept(report.lab, report.digests.submission)
        if file is None or not file.exists():
            (found.refused if report.status == "rejected" else found.lost).append(person(report))
            continue
        brief = msgspec.structs.replace(report, checks=[])  # those of a class take much memory
        found.again.setdefault(report.run.learner, []).append(Stale(brief, why))
    return found


# --- a round --------------------------------------------------------------------------------------


class Round(Gradebook):
    """The gradebook while it is graded again: what a report replaces is kept beside it."""

    def __init__(self, book: Gradebook) -> None:
        super().__init__(book.path, book.sandbox, ledger=book.ledger)
        self.folder = _folder(book.path / ROUNDS)
        self.unjudged: list[str] = []
        """Whose reports stay as they are, since this machine could not judge the work."""
        self.trouble: list[str] = []
        """What is wrong with files that the gradebook kept."""

    def units(self, today: Today, again: Plan) -> list[UnitsOfOne]:
        """What a batch grades; the files are read when it is the learner's turn."""
        return [partial(self._units, today, stale) for stale in again.again.values()]

    def _units(self, today: Today, stale: list[Stale]) -> Iterator[Unit]:
        for report, _ in stale:
            try:
                work = self.work(report)
            except BadInputError as error:
                self.trouble.append(f"{person(report)}: {error}")
                continue
            lab = today.lab(report.lab)
            if work and lab:
                run = report.run
                taken = replace(work, passed_over=tuple(run.passed_over))
                yield Unit(
                    run.learner, run.name, lab, taken, run.workspace, attempt=run.attempt,
                    id=run.id, handed_in=run.handed_in, late=run.late,
                )  # fmt: skip

    def save(self, report: Report, *, durable: bool = False) -> None:
        """Keep a report in place of the one before; where it judges nothing, that one stays."""
        if not report.complete:
            self.unjudged.append(person(report))
            return
        before = self._before(report)
        if not before.exists():  # else an interrupted round kept it already
            _write(before, self.file_of(report).read_bytes())
        super().save(report, durable=durable)

    def changes(self) -> Changes:
        """What the round changed so far."""
        files = sorted(self.folder.glob(f"{BEFORE}/*/*/*.json"))
        return compare((read_report(file), self._after(file)) for file in files)

    def by_hand(self) -> Iterator[tuple[Report, str, bool]]:
        """The checks with points by hand in reports made again, and whether these still count."""
        for file in sorted(self.folder.glob(f"{BEFORE}/*/*/*.json")):
            report = self._after(file)
            given = self.overrides(report)
            counting = in_force(report, given)
            for each in given:
                if each.points is not None:
                    yield report, each.check, each.check in counting

    def end(self, changes: Changes) -> None:
        """Close the round: the next regrading begins another."""
        if self.folder.exists():
            data = msgspec.json.format(msgspec.json.encode(changes), indent=1)
            _write(self.folder / CHANGES, data + b"\n")

    def _before(self, report: Report) -> Path:
        return self.file_of(report, f"{self.folder.relative_to(self.path)}/{BEFORE}")

    def _after(self, before: Path) -> Report:
        inside = before.relative_to(self.folder / BEFORE)
        return read_report(self.path / REPORTS / inside)


def _folder(rounds: Path) -> Path:
    """The folder of the round that was interrupted, or else of a new one."""
    numbers = sorted(int(each.name) for each in rounds.glob("[0-9]*") if each.name.isdecimal())
    last = numbers[-1] if numbers else 0
    if last and not (rounds / str(last) / CHANGES).exists():
        return rounds / str(last)
    return rounds / str(last + 1)


def _write(path: Path, data: bytes) -> None:
    try:
        write_atomically(path, data)
    except OSError as error:
        raise MachineError(f"{path} can't be written: {error.strerror}.") from None


# --- what changed ---------------------------------------------------------------------------------


class CheckChange(msgspec.Struct, frozen=True):
    """One check of one report, before and after; a check that wasn't there has no outcome."""

    check: str
    title: str
    before: str
    after: str
    points_before: int
    points_after: int


class Change(msgspec.Struct, frozen=True):
    """One report that is no longer what it was."""

    lab: str
    learner: str
    name: str
    attempt: int
    verdict_before: str
    verdict_after: str
    score_before: int | None
    score_after: int | None
    max_score: int
    checks: list[CheckChange]


class Changes(msgspec.Struct, frozen=True):
    """What a round did: how many reports it made again, and those that came out differently."""

    graded: int
    changed: list[Change]
    format: int = 1


class Shift(msgspec.Struct):
    """A check over all who were graded again: who has more points for it now, and who has fewer."""

    lab: str
    check: str
    title: str
    gained: dict[str, str] = {}
    lost: dict[str, str] = {}
    other: dict[str, str] = {}
    """By name of the learner, what became of what, such as `failed 0 -> passed 5`."""


def compare(pairs: Iterable[tuple[Report, Report]]) -> Changes:
    """What differs between reports before and after."""
    graded = 0
    changed = []
    for before, after in pairs:
        graded += 1
        checks = _checks(before, after)
        if checks or (before.verdict, before.score) != (after.verdict, after.score):
            changed.append(_change(before, after, checks))
    return Changes(graded, changed)


def shifts(changes: Changes) -> list[Shift]:
    """The same check by check, in the order of labs and checks."""
    found: dict[tuple[str, str], Shift] = {}
    for change in sorted(changes.changed, key=lambda change: change.lab):
        for each in change.checks:
            shift = found.setdefault(
                (change.lab, each.check), Shift(change.lab, each.check, each.title)
            )
            more = each.points_after - each.points_before
            whom = shift.gained if more > 0 else shift.lost if more < 0 else shift.other
            attempt = f" (attempt {change.attempt})" if change.attempt > 1 else ""
            whom[change.name + attempt] = (
                f"{each.before} {each.points_before} -> {each.after} {each.points_after}"
            )
    return list(found.values())


def _change(before: Report, after: Report, checks: list[CheckChange]) -> Change:
    return Change(
        after.lab,
        after.run.learner,
        person(after),
        after.run.attempt,
        before.verdict,
        after.verdict,
        before.score,
        after.score,
        after.max_score,
        checks,
    )


def _checks(before: Report, after: Report) -> list[CheckChange]:
    """The checks that ended otherwise, in the order of the report of today."""
    old = {check.name: check for check in before.checks}
    new = {check.name: check for check in after.checks}
    return [
        CheckChange(name, _said(new.get(name) or old[name]), *_outcomes(old, new, name))
        for name in (*new, *(old.keys() - new.keys()))
        if _ended(old.get(name)) != _ended(new.get(name))
    ]


def _outcomes(old: dict[str, Check], new: dict[str, Check], name: str) -> tuple[str, str, int, int]:
    (before, points_before), (after, points_after) = _ended(old.get(name)), _ended(new.get(name))
    return before, after, points_before, points_after


def _ended(check: Check | None) -> tuple[str, int]:
    return (check.outcome, check.points) if check else ("not there", 0)


def _said(check: Check) -> str:
    return clean(check.title)
