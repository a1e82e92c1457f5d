"""What counts in a class: one attempt for each learner and lab, less what being late costs.

Reports say what was found and when it was handed in. The class's rules are applied when they are
read, so that changing the rules needs no grading.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from packerlab.gradebook.files import UNKNOWN
from packerlab.report import person as called
from packerlab.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packerlab.classroom.opening import Classroom
    from packerlab.course.rules import Rules
    from packerlab.report import Report, Run

DAY = timedelta(days=1)


class Lateness(NamedTuple):
    """How late something is: in days that have begun. `known` is false where nobody says when."""

    days: int
    known: bool = True

    @property
    def words(self) -> str:
        if not self.known:
            return "unknown"
        return f"{self.days} day{'s' * (self.days > 1)}" if self.days else ""


def lateness(rules: Rules, slug: str, at: str, *, marked: bool) -> Lateness:
    """How late a submission is by the rules; a platform's mark alone stands for one day."""
    deadline = rules.deadline_of(slug)
    if deadline is None or not at:
        return Lateness(int(marked), known=marked or deadline is None)
    moment = datetime.fromisoformat(at)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=deadline.tzinfo)
    over = moment - deadline
    if over <= timedelta(minutes=rules.late.grace_minutes):
        return Lateness(0)
    return Lateness(math.ceil(over / DAY))


def counted(reports: Iterable[Report], classroom: Classroom) -> Iterator[Report]:
    """The attempt that counts for each lab and learner, with what the rules take off.

    `reports` has each learner's attempts at a lab one after the other, oldest first.
    """
    for _, each in groupby(reports, lambda report: (report.lab, report.run.learner)):
        yield _counting(list(each), classroom)


def _counting(attempts: list[Report], classroom: Classroom) -> Report:
    rules = classroom.rules
    last = attempts[-1]
    attempts[-1] = msgspec.structs.replace(last, run=_timed(last, classroom))
    most = rules.attempts.at_most
    allowed = [each for each in attempts if most is None or each.run.attempt <= most]
    judged = [_deducted(each, rules) for each in allowed or attempts[:1]]
    if rules.attempts.counts == "latest":
        return judged[-1]
    return max(judged, key=lambda each: -1 if each.mark is None else each.mark)


def _timed(report: Report, classroom: Classroom) -> Run:
    """The run with the time that the platform's table has for the learner's last attempt."""
    at = time_of(classroom, report.lab, report.run.id, called(report))
    return msgspec.structs.replace(report.run, handed_in=at or report.run.handed_in)


def time_of(classroom: Classroom, slug: str, own_id: str, name: str) -> str:
    """When a learner last handed in, by the lab's table of times; empty where it has none."""
    table = classroom.times.get(slug)
    found = table.match(own_id, name).person if table else None
    return found.at.isoformat() if found and found.at else ""


def _deducted(report: Report, rules: Rules) -> Report:
    late = lateness(rules, report.lab, report.run.handed_in, marked=report.run.late)
    percent = min(late.days * rules.late.percent_a_day, rules.late.at_most)
    points = math.floor(report.max_score * percent / 100 + 1e-9)
    run = msgspec.structs.replace(report.run, deducted=points)
    return msgspec.structs.replace(report, run=run)


# --- a mark for each learner ----------------------------------------------------------------------


class Cell(NamedTuple):
    """What counts of a learner's work on a lab; `mark` is None where there is no score."""

    mark: int | None
    of: int
    deducted: int
    attempts: int
    late: Lateness
    at: str


@dataclass
class Row:
    """A learner: who it is on the roster, else by their own name. `keys` are those in a gradebook.

    Somebody with two keys has two `found` for a lab, of which one is the cell that counts.
    """

    id: str
    name: str
    email: str = ""
    keys: list[str] = field(default_factory=list)
    found: dict[str, list[Cell]] = field(default_factory=dict)
    cells: dict[str, Cell] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def told(self) -> str:
        """The name to show, or the id where there is none."""
        return visible(self.name or self.id)


@dataclass
class Marks:
    """The labs that count, with their weights, and a row for each learner."""

    labs: dict[str, float]
    rows: list[Row]
    strangers: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    uncounted: list[str] = field(default_factory=list)
    """Labs that have reports, and are not among those that count."""

    def total(self, row: Row) -> float | None:
        """In percent of all that can be reached; None where a lab has no score that it should."""
        weights = sum(self.labs.values())
        reached = 0.0
        for slug, weight in self.labs.items():
            cell = row.cells.get(slug, NOTHING)
            if cell.mark is None:
                return None
            reached += weight * cell.mark / max(cell.of, 1)
        return 100 * reached / weights if weights else None

    def missing(self) -> list[str]:
        """Those on the roster who handed in nothing."""
        return [row.told for row in self.rows if not row.keys]

    def again(self) -> list[str]:
        """Those who handed in more than once, with how often at most."""
        often = {row.told: max((cell.attempts for cell in row.cells.values()), default=0)
                 for row in self.rows}  # fmt: skip
        return [f"{name} ({count})" for name, count in often.items() if count > 1]

    def untimed(self) -> list[str]:
        """Those of whose work nobody knows when it was handed in, though there is a deadline."""
        return [
            row.told for row in self.rows if any(not cell.late.known for cell in row.cells.values())
        ]


NOTHING = Cell(0, 0, 0, 0, Lateness(0), "")
"""What counts of work that was not handed in."""


def marks(reports: Iterable[Report], classroom: Classroom) -> Marks:
    """The marks of a class, from all its reports in a gradebook's order."""
    rules = classroom.rules
    register = _Register(classroom)
    labs: dict[str, float] = {}
    for (slug, _), each in groupby(reports, lambda report: (report.lab, report.run.learner)):
        attempts = list(each)
        report = _counting(attempts, classroom)
        late = lateness(rules, slug, report.run.handed_in, marked=report.run.late)
        cell = Cell(report.mark, report.max_score, report.run.deducted, len(attempts), late,
                    report.run.handed_in)  # fmt: skip
        register.row(report).found.setdefault(slug, []).append(cell)
        if slug != UNKNOWN:
            labs[slug] = 1
    counting = {slug: lab.weight for slug, lab in rules.labs.items()} or labs
    rows = register.rows()
    for row in rows:
        _settle(row, rules, list(counting))
    uncounted = sorted(labs.keys() - counting.keys())
    return Marks(counting, rows, register.strangers, register.doubts, uncounted)


class _Register:
    """The learners of a class: those on the roster, in its order, and then the others."""

    def __init__(self, classroom: Classroom) -> None:
        self._roster = classroom.roster
        people = self._roster.people if self._roster else []
        self._people = {each: Row(each.id, each.name, each.email) for each in people}
        self._by_key: dict[str, Row] = {}
        self.strangers: list[str] = []
        self.doubts: list[str] = []

    def rows(self) -> list[Row]:
        listed = {id(row) for row in self._people.values()}
        others = [row for row in self._by_key.values() if id(row) not in listed]
        return [*self._people.values(), *others]

    def row(self, report: Report) -> Row:
        """The row of the learner whose report it is."""
        key = report.run.learner
        if key not in self._by_key:
            self._by_key[key] = self._join(report.run.id, called(report))
            self._by_key[key].keys.append(key)
        return self._by_key[key]

    def _join(self, own_id: str, name: str) -> Row:
        row = Row(own_id, name)
        if self._roster is None:
            return row
        person, doubt = self._roster.match(own_id, name)
        if person:
            return self._people[person]
        row.notes.append(doubt or "not on the roster")
        if doubt:
            self.doubts.append(f"{name}: {doubt}")
        else:
            self.strangers.append(name)
        return row


def _settle(row: Row, rules: Rules, labs: list[str]) -> None:
    """Say what counts for each lab, and what there is to know about it."""
    for slug in labs:
        found = row.found.get(slug)
        if not found:
            row.notes += [f"{slug}: nothing handed in"] if row.keys else []
            continue
        cell = row.cells[slug] = _one_of(found, rules)
        if cell.deducted:
            row.notes.append(f"{slug}: {cell.late.words} late, {cell.deducted} points off")
        elif cell.late.days:
            row.notes.append(f"{slug}: {cell.late.words} late")
        if len(found) > 1:
            row.notes.append(f"{slug}: handed in as {' and '.join(row.keys)}")
        if cell.mark is None:
            row.notes.append(f"{slug}: no score")
    if UNKNOWN in row.found:
        row.notes.append("something for no lab that can be told")
    if not row.keys:
        row.notes.append("nothing handed in")


def _one_of(found: list[Cell], rules: Rules) -> Cell:
    """What counts of what somebody handed in under several names; no score where nobody can tell.

    The best is the best under any name, but which one came last only their times say.
    """
    if len(found) == 1:
        return found[0]
    number = sum(cell.attempts for cell in found)
    if rules.attempts.counts == "best" and all(cell.mark is not None for cell in found):
        counting = max(found, key=lambda cell: cell.mark or 0)
    elif all(cell.at for cell in found):
        counting = max(found, key=lambda cell: datetime.fromisoformat(cell.at).replace(tzinfo=None))
    else:
        counting = found[0]._replace(mark=None)
    return counting._replace(attempts=number)
