"""The class at a glance: what many reports say together, for the writers that show people.

A summary keeps counts and a few names, never the reports, so it takes as much memory for ten
thousand learners as for ten.
"""

from __future__ import annotations

import heapq
from bisect import insort
from collections import Counter
from dataclasses import dataclass, field
from math import sqrt
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from packerlab.report import person
from packerlab.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packerlab.report import Check, Report

LONGEST_FOUND = 160
"""Characters of a wrong value; longer ones that begin alike are counted together."""
MOST_FOUND = 500
"""Wrong values of a check that are counted: beyond twice as many, the rarest are forgotten."""
MOST_NAMED = 8
"""Learners, or checks, that a list names before it says how many more there are."""
SLOWEST = 5

FEW = 3
"""Submissions from which on `nobody` and `everybody` are worth saying."""
ENOUGH = 10
"""Submissions on each side from which on two means are compared."""
STANDARD_ERRORS = 3
"""How far apart two means are that can hardly be so by chance, in so many checks."""
STUCK = 3
"""Attempts after which a learner who still fails may need help."""


def brief(text: str, longest: int) -> str:
    """The beginning of a text, safe to show; the rest is not looked at."""
    return clean(text[: longest + 1], longest)


@dataclass
class Spread:
    """Numbers that come one at a time: how many, their mean, and how sure it is."""

    count: int = 0
    total: float = 0
    squares: float = 0

    def add(self, number: float) -> None:
        self.count += 1
        self.total += number
        self.squares += number * number

    @property
    def mean(self) -> float:
        return self.total / self.count if self.count else 0

    @property
    def error(self) -> float:
        """The variance of the mean."""
        return max(0, self.squares / self.count - self.mean**2) / self.count if self.count else 0


@dataclass
class CheckSummary:
    """What one check found over a class. `text` is a report's check with its title and hints."""

    text: Check
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    failing: Spread = field(default_factory=Spread)
    passing: Spread = field(default_factory=Spread)
    """Percent of the points of a lab's other checks, of those who fail this one or pass it."""

    @property
    def reached(self) -> int:
        """How many submissions the check could judge."""
        return self.outcomes["passed"] + self.outcomes["failed"]

    @property
    def failing_percent(self) -> int:
        return round(100 * self.outcomes["failed"] / self.reached) if self.reached else 0

    @property
    def commonest(self) -> list[tuple[str, int]]:
        """The wrong values that were found most often, and how often."""
        return self.wrong.most_common(3)

    @property
    def nobody_passes(self) -> bool:
        return self.reached >= FEW and not self.outcomes["passed"]

    @property
    def everybody_passes(self) -> bool:
        return self.reached >= FEW and not self.outcomes["failed"]

    @property
    def fails_alike(self) -> bool:
        """Whether most fail it, and nearly all of these with one and the same value."""
        failed = self.outcomes["failed"]
        alike = max(self.wrong.values(), default=0)
        return failed > FEW and self.failing_percent >= 50 and 4 * alike >= 3 * failed

    @property
    def turned_round(self) -> bool:
        """Whether those who fail it do better in all else, by more than chance explains."""
        if min(self.failing.count, self.passing.count) < ENOUGH:
            return False
        apart = self.failing.mean - self.passing.mean
        return apart > STANDARD_ERRORS * sqrt(self.failing.error + self.passing.error)

    @property
    def doubts(self) -> list[str]:
        """Why the check itself may be wrong, in sentences."""
        found = []
        if self.nobody_passes:
            found.append(f"Nobody passes it, of {self.reached} that it judged.")
        if self.fails_alike:
            alike = max(self.wrong.values())
            found.append(f"{alike} of the {self.outcomes['failed']} who fail it fail alike.")
        if self.turned_round:
            found.append(
                f"Those who fail it do better in the other checks: {self.failing.mean:.0f} % of "
                f"their points, against {self.passing.mean:.0f} %."
            )
        return found

    def add(self, check: Check, report: Report) -> None:
        if check.hints and not self.text.hints:  # only some outcomes come with them
            self.text = check
        self.outcomes[check.outcome] += 1
        if check.outcome == "failed":
            self.wrong[brief(check.found or check.message, LONGEST_FOUND)] += 1
            if len(self.wrong) > 2 * MOST_FOUND:
                self.wrong = Counter(dict(self.wrong.most_common(MOST_FOUND)))
        others = report.max_score - check.max_points
        if report.score is not None and others and check.outcome in ("passed", "failed"):
            side = self.passing if check.outcome == "passed" else self.failing
            side.add(100 * (report.score - check.points) / others)


class Need(NamedTuple):
    """A learner who may need the instructor, and why; the most urgent sorts first.

    `place` is the report's among those of its lab, from 1.
    """

    rank: int
    percent: int
    place: int
    name: str
    why: str


class Slow(NamedTuple):
    """How long a submission took; `place` as in `Need`."""

    seconds: float
    place: int
    name: str
    cpu_seconds: float


@dataclass
class LabSummary:
    """One lab's reports and what they come to."""

    slug: str
    submissions: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    checks: dict[str, CheckSummary] = field(default_factory=dict)
    percents: Counter[int] = field(default_factory=Counter)
    """The marks that exist, each in percent of its report's total, rounded down."""
    attempts: Counter[int] = field(default_factory=Counter)
    tenths: Counter[int] = field(default_factory=Counter)
    """Tenths of a second that the reports took."""
    needs: list[Need] = field(default_factory=list)
    needing: int = 0
    slowest: list[Slow] = field(default_factory=list)

    def add(self, report: Report) -> None:
        self.submissions += 1
        self.verdicts[report.verdict] += 1
        for check in report.checks:
            self.checks.setdefault(check.name, CheckSummary(check)).add(check, report)
        if report.mark is not None and report.max_score:
            self.percents[100 * report.mark // report.max_score] += 1
        self.attempts[report.run.attempt] += 1
        self.tenths[round(10 * report.run.seconds)] += 1
        if need := _need(report, self.submissions):
            self.needing += 1
            insort(self.needs, need)
            del self.needs[MOST_NAMED:]
        run = report.run
        slow = Slow(run.seconds, self.submissions, person(report), run.cpu_seconds)
        self.slowest = heapq.nlargest(SLOWEST, [*self.slowest, slow], key=lambda one: one.seconds)

    @property
    def short(self) -> str:
        """The lab's number, where there is little room."""
        return self.slug.partition("_")[0] or "unknown"

    @property
    def graded(self) -> int:
        return self.verdicts["passed"] + self.verdicts["failed"]

    @property
    def median_percent(self) -> int | None:
        return round(_median(self.percents)) if self.percents else None

    @property
    def median_attempts(self) -> float:
        return _median(self.attempts)

    @property
    def median_seconds(self) -> float:
        return _median(self.tenths) / 10

    @property
    def distribution(self) -> list[int]:
        """How many marks lie in each tenth: 0 to 9 %, ..., 90 to 99 %, and full marks."""
        tenths: Counter[int] = Counter()
        for percent, count in self.percents.items():
            tenths[min(percent // 10, 10)] += count
        return [tenths[tenth] for tenth in range(11)]

    @property
    def hardest(self) -> CheckSummary | None:
        """The check that the largest share fails, if any fails."""
        failed = [check for check in self.checks.values() if check.outcomes["failed"]]
        return max(failed, key=lambda check: check.failing_percent, default=None)

    @property
    def passed_by_nobody(self) -> list[CheckSummary]:
        return [check for check in self.checks.values() if check.nobody_passes]

    @property
    def passed_by_everybody(self) -> list[CheckSummary]:
        return [check for check in self.checks.values() if check.everybody_passes]


def summarise(reports: Iterable[Report]) -> list[LabSummary]:
    """The labs, each with the reports that come one after the other."""
    labs: list[LabSummary] = []
    for report in reports:
        if not labs or labs[-1].slug != report.lab:
            labs.append(LabSummary(report.lab))
        labs[-1].add(report)
    return labs


def not_understood(labs: list[LabSummary]) -> list[tuple[int, CheckSummary]]:
    """The checks that a third or more fail, the largest share first, with their labs' numbers."""
    found = [
        (number, check)
        for number, lab in enumerate(labs, 1)
        for check in lab.checks.values()
        if check.outcomes["failed"] > 1 and check.failing_percent >= 33
    ]
    found.sort(key=lambda each: (-each[1].failing_percent, -each[1].outcomes["failed"]))
    return found[:MOST_NAMED]


def doubted(labs: list[LabSummary]) -> list[tuple[int, CheckSummary]]:
    """The checks that may be wrong themselves, with their labs' numbers."""
    found = [
        (number, check)
        for number, lab in enumerate(labs, 1)
        for check in lab.checks.values()
        if check.doubts
    ]
    return found[:MOST_NAMED]


def most_needing(labs: list[LabSummary]) -> list[tuple[int, Need]]:
    """Who may need the instructor most, with their labs' numbers from 1."""
    found = [(number, need) for number, lab in enumerate(labs, 1) for need in lab.needs]
    return sorted(found, key=lambda each: each[1])[:MOST_NAMED]


def _need(report: Report, place: int) -> Need | None:
    """Whether somebody has to look: no verdict, work that was not built, or a learner who fails."""
    verdict, attempts = report.verdict, report.run.attempt
    percent = 100 * (report.mark or 0) // report.max_score if report.max_score else 0
    points = f"{report.mark} of {report.max_score} points"
    if verdict == "passed":
        return None
    if verdict in ("fault", "incomplete"):
        rank, why = 0, f"{verdict}: there is no score yet"
    elif attempts >= STUCK:
        rank, why = 1, f"{verdict} at attempt {attempts}, {points}"
    elif verdict != "failed":
        rank, why = 2, f"{verdict}, {points}"
    elif percent < 50:
        rank, why = 3, f"{points} at attempt {attempts}"
    else:
        return None
    return Need(rank, percent, place, person(report), why)


def _median(counts: Counter[int]) -> float:
    return median(counts.elements()) if counts else 0
