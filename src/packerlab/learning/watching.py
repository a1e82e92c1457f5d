"""A workspace that is graded anew whenever it changes: one round at a time.

A round grades in a thread; what it finds is shown in the loop's own thread. A save ends the round
under way by closing its sandbox, which ends whatever Packer does there, and what that round still
says is dropped. So the next one has a sandbox of its own, opened ahead of need.
"""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from packerlab import forkserver
from packerlab.errors import MachineError, RejectedError
from packerlab.grading.grade_one import grade
from packerlab.sandbox.base import Sandbox
from packerlab.submissions.workspaces import read_workspace, refused

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from concurrent.futures import Future
    from pathlib import Path

    from packerlab.lab import Lab
    from packerlab.report import Check, Report
    from packerlab.sandbox.base import Backend
    from packerlab.submissions.workspaces import Submission


@dataclass(frozen=True)
class Began:
    """A round began: nothing is known of any check."""


@dataclass(frozen=True)
class CheckEnded:
    """A check of the round ended."""

    check: Check


@dataclass(frozen=True)
class Finished:
    """The round ended."""

    report: Report


@dataclass(frozen=True)
class Broke:
    """The round has no end: a mistake of ours."""

    error: BaseException


Event = Began | CheckEnded | Finished | Broke


class Rounds:
    """Grades one workspace over and over; `tell` hears how it goes, in the loop's thread."""

    def __init__(
        self,
        path: Path,
        lab: Lab,
        backend: Backend,
        loop: asyncio.AbstractEventLoop,
        tell: Callable[[Event], None],
    ) -> None:
        self._path = path
        self._lab = lab
        self._backend = backend
        self._loop = loop
        self._tell = tell
        self._number = 0
        self._running = False
        self._digest = ""
        self._pool = ThreadPoolExecutor()
        self._sandbox = self._open()
        self._spare = self._open()

    def begin(self, *, again: bool = False) -> None:
        """Begin a round where the files are others than the last one's, or `again` is wished."""
        submission = self._read()
        if submission.digest == self._digest and not again:
            return
        self._digest = submission.digest
        self._drop()
        self._running = True
        self._tell(Began())
        graded = self._pool.submit(self._grade, self._number, self._sandbox, submission)
        graded.add_done_callback(partial(self._ended, self._number))

    def close(self) -> None:
        """End the round under way; nothing is left when this returns."""
        self._number += 1
        for sandbox in (self._sandbox, self._spare):
            sandbox.result().close()
        self._pool.shutdown()

    def _read(self) -> Submission:
        try:
            return read_workspace(self._path)
        except RejectedError as error:
            return refused(str(error))

    def _drop(self) -> None:
        """Let go of the round under way, if there is one."""
        self._number += 1
        if self._running:
            dropped, self._sandbox, self._spare = self._sandbox, self._spare, self._open()
            self._pool.submit(lambda: dropped.result().close())

    def _grade(self, number: int, opened: Future[Sandbox], submission: Submission) -> Report:
        """One round, in a thread of its own."""
        sandbox = opened.result()
        report = grade(
            self._lab,
            submission,
            sandbox,
            self._lab.limits,
            lambda check: self._say(number, CheckEnded(check)),
            context=forkserver.context(),
        )
        if number != self._number:  # it may have opened another one after it was dropped
            sandbox.close()
        return report

    def _ended(self, number: int, graded: Future[Report]) -> None:
        error = graded.exception()
        self._say(number, Broke(error) if error else Finished(graded.result()))

    def _say(self, number: int, event: Event) -> None:
        """Say it in the loop's thread; nobody listens to what ends after the loop."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._heard, number, event)

    def _heard(self, number: int, event: Event) -> None:
        if number != self._number:
            return
        if isinstance(event, Finished):
            self._running = False
            self._sandbox = self._open(self._sandbox.result())
        self._tell(event)

    def _open(self, sandbox: Sandbox | None = None) -> Future[Sandbox]:
        """A sandbox, made ready beside; whether it can be is for `grade` to find."""
        opened = sandbox or Sandbox(self._backend, self._lab.limits, self._lab.needs)

        def ready() -> Sandbox:
            with contextlib.suppress(MachineError):
                opened.channel()
            return opened

        return self._pool.submit(ready)
