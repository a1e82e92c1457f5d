"""Who has passed what: what a wall shows, and nothing of who has not, unless that was asked for."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from packerlab.report import person

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from packerlab.lab import Lab
    from packerlab.report import Report

MOST_NEWS = 5


class OnTheWay(NamedTuple):
    """A learner who has not passed a lab yet, with the points of the newest attempt."""

    name: str
    score: str


class Column(NamedTuple):
    """One lab on the wall: who passed it, the first one first."""

    lab: Lab
    passed: list[str]
    on_the_way: list[OnTheWay]


class News(NamedTuple):
    """Somebody has just passed a lab."""

    name: str
    lab: Lab
    at: str


class Wall:
    """What is known of a room's learners; with `scores`, also of those who have not passed."""

    def __init__(
        self, labs: Iterable[Lab], is_member: Callable[[str], bool], *, scores: bool
    ) -> None:
        self._labs = {lab.slug: lab for lab in labs}
        self._is_member = is_member
        self._scores = scores
        self._lock = threading.Lock()
        self._passed: dict[str, dict[str, str]] = {slug: {} for slug in self._labs}
        self._newest: dict[str, dict[str, OnTheWay]] = {slug: {} for slug in self._labs}
        self._news: deque[tuple[str, News]] = deque(maxlen=MOST_NEWS)

    def add(self, report: Report, *, new: bool = True) -> None:
        """Count a report in: once passed, a lab stays passed here."""
        lab = self._labs.get(report.lab)
        if lab is None:
            return
        key, name = report.run.learner, person(report)
        with self._lock:
            if report.passed and key not in self._passed[lab.slug]:
                self._passed[lab.slug][key] = name
                if new:
                    self._news.appendleft((key, News(name, lab, time.strftime("%H:%M"))))
            score = report.verdict if report.score is None else f"{report.score}/{report.max_score}"
            self._newest[lab.slug][key] = OnTheWay(name, score)

    def news(self) -> list[News]:
        """Who passed something last, the newest first."""
        with self._lock:
            found = list(self._news)
        return [each for key, each in found if self._is_member(key)]

    def columns(self) -> list[Column]:
        """The labs in the course's order: all of them, or those that somebody has handed in."""
        with self._lock:
            found = [self._column(lab) for lab in self._labs.values()]
        begun = [each for each in found if each.passed or self._newest[each.lab.slug]]
        return begun or found[:1]

    def _column(self, lab: Lab) -> Column:
        passed = {k: name for k, name in self._passed[lab.slug].items() if self._is_member(k)}
        newest = self._newest[lab.slug] if self._scores else {}
        others = [each for k, each in newest.items() if k not in passed and self._is_member(k)]
        return Column(lab, list(passed.values()), sorted(others))
