"""Grade many submissions on this machine: a thread for each job, a process for each report.

Every report is saved as it ends, so that a crash loses nothing and a second run goes on.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import signal
import threading
import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from packerlab import forkserver
from packerlab.errors import RejectedError
from packerlab.gradebook import UNKNOWN
from packerlab.grading.grade_one import digests, grade
from packerlab.report import VERDICTS, Digests, conclude
from packerlab.sandbox import Sandbox
from packerlab.submissions.reader import (
    MARKER,
    entries_of,
    find_workspaces,
    marker_of,
    refused,
    submission,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from packerlab.course import Course
    from packerlab.gradebook import Gradebook
    from packerlab.lab import Lab
    from packerlab.report import Report
    from packerlab.sandbox.base import Backend
    from packerlab.submissions.archives import Entry
    from packerlab.submissions.learners import Handed
    from packerlab.submissions.reader import Submission

MAX_WORKSPACES = 64
"""In what one learner handed in: more than a course has labs."""


class Unit(NamedTuple):
    """One submission to grade, as which attempt; `again` once its wall clock ran out."""

    learner: str
    lab: Lab | None
    submission: Submission
    attempt: int = 1
    again: bool = False

    @property
    def slug(self) -> str:
        return self.lab.slug if self.lab else UNKNOWN


@dataclass
class Tally:
    """How many submissions ended how; `kept` were already in the gradebook."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VERDICTS, 0))
    kept: int = 0
    seconds: float = 0.0

    @property
    def graded(self) -> int:
        return self.counts["passed"] + self.counts["failed"]

    def __str__(self) -> str:
        plural = {"limit": "limits", "timeout": "timeouts", "fault": "faults"}
        named = ", ".join(
            f"{plural.get(name, name)} {count}" for name, count in self.counts.items()
        )
        return f"graded {self.graded}, {named} in {self.seconds:.1f} s"


def needs_of(course: Course, handed: list[Handed]) -> set[str]:
    """What the labs need that are handed in; what can't be read needs nothing."""
    slugs = set()
    for each in handed:
        with contextlib.suppress(RejectedError):
            entries = entries_of(each.path)
            for folder in find_workspaces(entries, any_template=False)[:MAX_WORKSPACES]:
                marker = marker_of(entries, folder)
                slugs.add(marker.lab if marker else "")
    return {"packer"}.union(*(lab.needs for lab in course.labs() if lab.slug in slugs))


class Batch:
    """Grades a class into a gradebook; `on_report` hears each report as it is there."""

    def __init__(
        self,
        course: Course,
        gradebook: Gradebook,
        backend: Backend,
        on_report: Callable[[Report], None],
    ) -> None:
        self._course = course
        self._gradebook = gradebook
        self._backend = backend
        self._on_report = on_report
        self._tally = Tally()
        self._todo: queue.SimpleQueue[Handed] = queue.SimpleQueue()
        self._again: list[Unit] = []
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def run(self, handed: list[Handed], lab: Lab | None, jobs: int) -> Tally:
        """Grade all that was handed in, `jobs` at a time."""
        started = time.monotonic()
        for entry in handed:
            self._todo.put(entry)
        self._in_threads(jobs, lambda: self._work(lab))
        self._in_threads(jobs, self._work_again)
        self._tally.seconds = time.monotonic() - started
        return self._tally

    def _in_threads(self, jobs: int, work: Callable[[], None]) -> None:
        """Do the work in so many threads; what breaks one, or Ctrl-C, stops them all."""
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
        for process in multiprocessing.active_children():
            if process.pid:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)

    def _work(self, lab: Lab | None) -> None:
        with contextlib.closing(_Bench(self._backend)) as bench:
            while not self._stopped.is_set():
                try:
                    handed = self._todo.get_nowait()
                except queue.Empty:
                    return
                for unit in self._numbered(list(self._units(handed, lab))):
                    self._grade(unit, bench)

    def _work_again(self) -> None:
        with contextlib.closing(_Bench(self._backend)) as bench:
            while not self._stopped.is_set():
                with self._lock:
                    if not self._again:
                        return
                    unit = self._again.pop(0)
                self._grade(unit, bench)

    def _units(self, handed: Handed, lab: Lab | None) -> Iterator[Unit]:
        """The workspaces that a learner handed in, each with the lab that it is for."""
        try:
            entries = [] if handed.refusal else entries_of(handed.path)
        except RejectedError as error:
            yield Unit(handed.learner, lab, refused(str(error)))
            return
        folders = find_workspaces(entries, any_template=lab is not None)
        reason = handed.refusal
        if not folders and not reason:
            unnamed = "" if lab else " (--lab names the lab of one without)"
            reason = f"there is no workspace in it: no {MARKER}{unnamed}."
        if len(folders) > MAX_WORKSPACES:
            reason = f"more than {MAX_WORKSPACES} workspaces in it."
        if reason:
            yield Unit(handed.learner, lab, refused(reason))
            return
        for folder in folders:
            yield self._unit(handed.learner, lab, entries, folder)

    def _unit(self, learner: str, lab: Lab | None, entries: list[Entry], folder: str) -> Unit:
        """One workspace, with --lab's lab or its marker's."""
        marker = marker_of(entries, folder)
        named = marker.lab if marker else ""
        chosen = self._course.lab(named) if not lab and named in self._course.slugs else lab
        try:
            taken = submission(entries, folder)
        except RejectedError as error:
            return Unit(learner, chosen, refused(str(error)))
        if chosen is None:
            taken = refused("its marker names no lab of this course.")
        elif named not in ("", chosen.slug):
            taken = refused("its marker names another lab.")
        return Unit(learner, chosen, taken)

    def _numbered(self, units: list[Unit]) -> Iterator[Unit]:
        """One learner's units as attempts: several workspaces of one lab are that, in order."""
        last: dict[str, int] = {}
        for index, unit in enumerate(units):
            final = all(later.slug != unit.slug for later in units[index + 1 :])
            number = self._gradebook.attempt_number(
                unit.slug,
                unit.learner,
                unit.submission.digest,
                after=last.get(unit.slug, 0),
                final=final,
            )
            last[unit.slug] = number
            yield unit._replace(attempt=number)

    def _grade(self, unit: Unit, bench: _Bench) -> None:
        if unit.lab is None:
            report = conclude(UNKNOWN, [], "rejected", unit.submission.refusal)
            taken = Digests(submission=unit.submission.digest)
            self._save(msgspec.structs.replace(report, digests=taken), unit)
            return
        sandbox = bench.sandbox(unit.lab)
        known = self._gradebook.done(
            unit.slug,
            unit.learner,
            digests(unit.lab, unit.submission, sandbox),
            msgspec.structs.asdict(unit.lab.limits),
        )
        if known:
            self._save(known, unit, kept=True)
            return
        report = grade(
            unit.lab, unit.submission, sandbox, unit.lab.limits, context=forkserver.context()
        )
        if self._stopped.is_set():
            return
        if report.run.retry and not unit.again:
            with self._lock:
                self._again.append(unit._replace(again=True))
            return
        self._save(report, unit)

    def _save(self, report: Report, unit: Unit, *, kept: bool = False) -> None:
        """Keep a report as the unit's attempt; one that is there already stays as it is."""
        if not kept or report.run.attempt != unit.attempt:
            run = msgspec.structs.replace(report.run, learner=unit.learner, attempt=unit.attempt)
            report = msgspec.structs.replace(report, run=run)
            self._gradebook.save(report)
        with self._lock:
            self._tally.counts[report.verdict] += 1
            self._tally.kept += kept
            self._on_report(report)


class _Bench:
    """One job's open sandbox, with the limits of the lab in hand."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._open: Sandbox | None = None

    def sandbox(self, lab: Lab) -> Sandbox:
        wanted = (lab.limits, lab.needs)
        if self._open is None or (self._open.limits, self._open.needs) != wanted:
            self.close()
            self._open = Sandbox(self._backend, *wanted)
        return self._open

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None
