"""The class at a glance: what many reports say together, for the writers that show people."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from packerlab.text import clean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packerlab.report import Check, Report

LONGEST_FOUND = 160
"""Characters of a wrong value; longer ones that begin alike are counted together."""


def brief(text: str, longest: int) -> str:
    """The beginning of a text, safe to show; the rest is not looked at."""
    return clean(text[: longest + 1], longest)


@dataclass
class CheckSummary:
    """What one check found over a class. `text` is a report's check with its title and hints."""

    text: Check
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)

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

    def add(self, check: Check) -> None:
        if check.hints and not self.text.hints:  # only some outcomes come with them
            self.text = check
        self.outcomes[check.outcome] += 1
        if check.outcome == "failed":
            self.wrong[brief(check.found or check.message, LONGEST_FOUND)] += 1


@dataclass
class LabSummary:
    """One lab's reports and what they come to."""

    slug: str
    reports: list[Report] = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)
    checks: dict[str, CheckSummary] = field(default_factory=dict)

    def add(self, report: Report) -> None:
        self.reports.append(report)
        self.verdicts[report.verdict] += 1
        for check in report.checks:
            self.checks.setdefault(check.name, CheckSummary(check)).add(check)

    @property
    def graded(self) -> int:
        return self.verdicts["passed"] + self.verdicts["failed"]

    @property
    def percents(self) -> list[int]:
        """The scores that exist, each in percent of its report's total, rounded down."""
        return [
            100 * report.score // report.max_score
            for report in self.reports
            if report.score is not None and report.max_score
        ]

    @property
    def median_percent(self) -> int | None:
        return round(median(self.percents)) if self.percents else None

    @property
    def distribution(self) -> list[int]:
        """How many scores lie in each tenth: 0 to 9 %, ..., 90 to 99 %, and full marks."""
        tenths = Counter(min(percent // 10, 10) for percent in self.percents)
        return [tenths[tenth] for tenth in range(11)]

    @property
    def hardest(self) -> CheckSummary | None:
        """The check that the largest share fails, if any fails."""
        failed = [check for check in self.checks.values() if check.outcomes["failed"]]
        return max(failed, key=lambda check: check.failing_percent, default=None)

    @property
    def slowest(self) -> list[tuple[int, Report]]:
        """The submissions that took longest, each with its place in `reports`, from 1."""
        numbered = enumerate(self.reports, 1)
        return sorted(numbered, key=lambda pair: pair[1].run.seconds, reverse=True)[:5]


def summarise(reports: Iterable[Report]) -> list[LabSummary]:
    """The labs, in the order in which their first reports come."""
    labs: dict[str, LabSummary] = {}
    for report in reports:
        labs.setdefault(report.lab, LabSummary(report.lab)).add(report)
    return list(labs.values())
