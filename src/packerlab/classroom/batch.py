"""Grade many submissions into a gradebook: a thread for each job, and an executor that grades.

Every report is saved as it ends, so that a crash loses nothing and a second run goes on.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from packerlab.classroom.units import units_of
from packerlab.report import VERDICTS, Digests, conclude, incapable, person
from packerlab.submissions.workspaces import refused
from packerlab.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from packerlab.classroom.units import Unit
    from packerlab.course import Course
    from packerlab.executors import Bench, Executor
    from packerlab.gradebook import Gradebook
    from packerlab.lab import Lab
    from packerlab.report import Report, Status
    from packerlab.submissions.classes import Handed
    from packerlab.submissions.workspaces import Submission

    UnitsOfOne = Callable[[], Iterable[Unit]]
    """What one learner has to be graded, once it is asked for."""


@dataclass
class Tally:
    """How many submissions ended how; `kept` were already in the gradebook."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VERDICTS, 0))
    kept: int = 0
    seconds: float = 0.0
    rejected: dict[str, list[str]] = field(default_factory=dict)
    """Learners by the reason for which their work was rejected."""
    passed_over: list[str] = field(default_factory=list)
    """The entries of the class that are nobody's."""

    @property
    def graded(self) -> int:
        return self.counts["passed"] + self.counts["failed"]

    def __str__(self) -> str:
        plural = {"limit": "limits", "timeout": "timeouts", "fault": "faults"}
        named = ", ".join(
            f"{plural.get(name, name)} {count}" for name, count in self.counts.items()
        )
        lines = [f"graded {self.graded}, {named} in {self.seconds:.1f} s"]
        groups = sorted(self.rejected.items(), key=lambda group: (-len(group[1]), group[0]))
        for reason, learners in groups:
            who = ", ".join(sorted(learners)[:_MOST_NAMED])
            more = ", ..." if len(learners) > _MOST_NAMED else ""
            lines.append(f"rejected {len(learners)} ({who}{more}): {reason}")
        if self.passed_over:
            lines.append(f"passed over, as nobody's: {', '.join(self.passed_over)}")
        return "\n".join(lines)

    def add(self, report: Report, *, kept: bool) -> None:
        """Count a report in."""
        self.counts[report.verdict] += 1
        self.kept += kept
        if report.status == "rejected":
            self.rejected.setdefault(visible(report.reason), []).append(person(report))


_MOST_NAMED = 5
"""Learners who are named beside a reason."""


class Batch:
    """Grades a class into a gradebook; `on_report` hears each report as it is there."""

    def __init__(
        self,
        course: Course,
        gradebook: Gradebook,
        executor: Executor,
        on_report: Callable[[Report], None],
    ) -> None:
        self._course = course
        self._gradebook = gradebook
        self._executor = executor
        self._on_report = on_report
        self._tally = Tally()
        self._todo: queue.SimpleQueue[UnitsOfOne] = queue.SimpleQueue()
        self._again: list[Unit] = []
        self._lacks: dict[str, str] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def run(self, handed: list[Handed], lab: Lab | None) -> Tally:
        """Grade all that was handed in, as many at a time as the executor has jobs."""
        return self.run_units([partial(self._units, entry, lab) for entry in handed])

    def run_units(self, learners: list[UnitsOfOne]) -> Tally:
        """Grade the units of each learner, which are asked for when it is the learner's turn."""
        started = time.monotonic()
        for units in learners:
            self._todo.put(units)
        self._in_threads(self._work)
        self._in_threads(self._work_again)
        self._tally.seconds = time.monotonic() - started
        return self._tally

    def _in_threads(self, work: Callable[[], None]) -> None:
        """Do the work in a thread for each job; what breaks one, or Ctrl-C, stops them all."""
        jobs = self._executor.jobs
        with ThreadPoolExecutor(jobs) as pool:
            working = [pool.submit(work) for _ in range(jobs)]
            try:
                wait(working, return_when=FIRST_EXCEPTION)
            finally:
                if not all(each.done() for each in working):
                    self._stop()
        for each in working:
            each.result()

    def _stop(self) -> None:
        """End the reports under way; what they said is not saved."""
        self._stopped.set()
        self._executor.stop()

    def _work(self) -> None:
        with contextlib.closing(self._executor.bench()) as bench:
            while not self._stopped.is_set():
                try:
                    units = self._todo.get_nowait()
                except queue.Empty:
                    return
                self._grade_all(units(), bench)

    def _units(self, handed: Handed, lab: Lab | None) -> Iterator[Unit]:
        return self._numbered(units_of(self._course, handed, lab))

    def _grade_all(self, units: Iterable[Unit], bench: Bench) -> None:
        """Grade what one learner handed in: the attempts before the newest share one deadline."""
        used: dict[str, float] = {}
        for unit in units:
            if self._stopped.is_set():
                return
            if unit.lab and not unit.newest and used.get(unit.slug, 0) > unit.lab.limits.deadline_s:
                self._save(_out_of_time(unit), unit)
                continue
            started = time.monotonic()
            self._grade(unit, bench)
            used[unit.slug] = used.get(unit.slug, 0) + time.monotonic() - started

    def _work_again(self) -> None:
        with contextlib.closing(self._executor.bench()) as bench:
            while not self._stopped.is_set():
                with self._lock:
                    if not self._again:
                        return
                    unit = self._again.pop(0)
                self._grade(unit, bench)

    def _numbered(self, units: list[Unit]) -> Iterator[Unit]:
        """One learner's units as attempts: several workspaces of one lab are that, in order."""
        last: dict[str, int] = {}
        for unit in units:
            number = self._gradebook.attempt_number(
                unit.slug,
                unit.learner,
                unit.submission.digest,
                after=last.get(unit.slug, 0),
                final=unit.newest,
            )
            last[unit.slug] = number
            yield unit._replace(attempt=number)

    def _grade(self, unit: Unit, bench: Bench) -> None:
        taken = unit.submission
        if unit.lab is None or taken.fault:
            status: Status = "fault" if taken.fault else "rejected"
            report = conclude(unit.slug, [], status, taken.fault or taken.refusal)
            digests = Digests(submission=taken.digest)
            self._save(msgspec.structs.replace(report, digests=digests), unit)
            return
        if lacking := self._lacking(unit.lab):
            report = beyond_this_machine(unit.lab, unit.submission, lacking, bench)
        else:
            known = self._gradebook.done(
                unit.slug,
                unit.learner,
                bench.digests(unit.lab, unit.submission),
                msgspec.structs.asdict(unit.lab.limits),
            )
            if known:
                self._save(known, unit, kept=True)
                return
            report = bench.grade(unit.lab, unit.submission)
        if self._stopped.is_set():
            return
        if report.run.retry and unit.newest and not unit.again:
            with self._lock:
                self._again.append(unit._replace(again=True))
            return
        self._save(report, unit)

    def _save(self, report: Report, unit: Unit, *, kept: bool = False) -> None:
        """Keep a report as the unit's attempt; one that is there already stays as it is.

        What this machine could not read is no attempt: the next run reads it again.
        """
        read = not unit.submission.fault
        if read:
            self._gradebook.keep(unit.slug, unit.submission)
        if not kept or report.run.attempt != unit.attempt or _says_more(unit, report):
            run = msgspec.structs.replace(
                report.run,
                learner=unit.learner,
                name=visible(unit.name),
                id=visible(unit.id),
                handed_in=unit.handed_in,
                late=unit.late,
                attempt=unit.attempt,
                workspace=unit.workspace,
                passed_over=list(unit.submission.passed_over),
            )
            report = msgspec.structs.replace(report, run=run)
            if read:
                self._gradebook.save(report)
        with self._lock:
            self._tally.add(report, kept=kept)
            self._on_report(report)

    def _lacking(self, lab: Lab) -> str:
        """Why this machine can't serve a lab; empty where it can."""
        with self._lock:
            for need in lab.needs - self._lacks.keys():
                self._lacks[need] = self._executor.lacks(need)
            return " ".join(filter(None, (self._lacks[need] for need in sorted(lab.needs))))


def _says_more(unit: Unit, report: Report) -> bool:
    """Whether the platform tells now when something was handed in that was graded before."""
    return bool(unit.id and not report.run.id)


def _out_of_time(unit: Unit) -> Report:
    """The report of an older attempt whose turn did not come."""
    reason = "not graded: other attempts that were handed in with it used up the lab's time."
    report = conclude(unit.slug, [], "timeout", reason)
    return msgspec.structs.replace(report, digests=Digests(submission=unit.submission.digest))


def beyond_this_machine(lab: Lab, handed: Submission, lacking: str, bench: Bench) -> Report:
    """The report where the machine lacks what a lab needs: its checks, all of them incapable.

    They are asked for as for a refused submission, which needs no more than Packer.
    """
    planned = bench.grade(lab, refused(lacking), frozenset({"packer"}))
    if planned.status == "fault":
        return planned
    checks = [incapable(check, lacking) for check in planned.checks]
    report = conclude(lab.slug, checks, reason=f"this machine can't serve the lab: {lacking}")
    known = bench.digests(lab, handed)
    return msgspec.structs.replace(report, digests=known, run=planned.run)
