"""The threads that grade: each takes the next turn, has the report made, and keeps it.

The report is on disk before the hand-in stops waiting. So whatever ends this process, the next one
grades what is left, and finds the report of what was graded already.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import msgspec

from packerlab.classroom.batch import beyond_this_machine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from packerlab.executors import Bench, Executor
    from packerlab.gradebook import Gradebook
    from packerlab.lab import Lab
    from packerlab.report import Report
    from packerlab.room.shelf import Shelf
    from packerlab.room.turns import HandIn, Turns
    from packerlab.submissions.workspaces import Submission


class Marking:
    """Grades the hand-ins of a room into its gradebook; `on_graded` hears each report, and None
    where only the line has moved.
    """

    def __init__(
        self,
        labs: Mapping[str, Lab],
        book: Gradebook,
        executor: Executor,
        shelf: Shelf,
        turns: Turns,
        name_of: Callable[[str], str],
        on_graded: Callable[[Report | None], None],
    ) -> None:
        self._labs = labs
        self._book = book
        self._executor = executor
        self._shelf = shelf
        self._turns = turns
        self._name_of = name_of
        self._on_graded = on_graded
        self._lacks = {
            slug: " ".join(filter(None, map(executor.lacks, sorted(lab.needs))))
            for slug, lab in labs.items()
        }

    def work(self) -> None:
        """Grade what comes, one at a time, until the line is closed."""
        with contextlib.closing(self._executor.bench()) as bench:
            while handed := self._turns.take():
                self._on_graded(None)
                self._on_graded(self._grade(handed, bench))

    def _grade(self, handed: HandIn, bench: Bench) -> Report | None:
        """The report, saved; None where there is none yet, because another turn will try again."""
        lab = self._labs[handed.slug]
        work = self._shelf.read(handed)
        report = self._report(lab, work, handed, bench)
        if self._turns.closed or (
            report.run.retry and not handed.again and self._turns.retry(handed)
        ):
            return None
        number = self._book.attempt_number(lab.slug, handed.learner, work.digest)
        name = self._name_of(handed.learner)
        run = msgspec.structs.replace(
            report.run,
            learner=handed.learner,
            name=name,
            attempt=number,
            handed_in=self._shelf.handed_in(handed),
            workspace="",
        )
        report = msgspec.structs.replace(report, run=run)
        self._book.keep(lab.slug, work, durable=True)
        self._book.save(report, durable=True)
        self._shelf.drop(handed)
        self._turns.done(handed)
        return report

    def _report(self, lab: Lab, work: Submission, handed: HandIn, bench: Bench) -> Report:
        if lacking := self._lacks[lab.slug]:
            return beyond_this_machine(lab, work, lacking, bench)
        limits = msgspec.structs.asdict(lab.limits)
        known = self._book.done(lab.slug, handed.learner, bench.digests(lab, work), limits)
        return known or bench.grade(lab, work)
