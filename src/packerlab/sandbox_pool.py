"""Open sandboxes in which many answers to one lab are graded side by side."""

from __future__ import annotations

import queue
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from packerlab import forkserver
from packerlab.grading.grade_one import grade
from packerlab.packer.environment import packer_version
from packerlab.sandbox import Sandbox
from packerlab.sandbox.box import Box

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from packerlab.lab import Lab, Limits
    from packerlab.packer.verbs import Packer
    from packerlab.packer.versions import Version
    from packerlab.report import Report
    from packerlab.sandbox.base import Backend
    from packerlab.submissions.reader import Files
    from packerlab.submissions.workspaces import Submission

T = TypeVar("T")
R = TypeVar("R")


class SandboxPool:
    """A sandbox for each job, and which of them are free."""

    def __init__(self, lab: Lab, backend: Backend, jobs: int) -> None:
        self._lab = lab
        self._jobs = jobs
        self._all = [Sandbox(backend, lab.limits, lab.needs) for _ in range(jobs)]
        self._free: queue.SimpleQueue[Sandbox] = queue.SimpleQueue()
        for sandbox in self._all:
            self._free.put(sandbox)

    def version(self) -> Version:
        return packer_version(self._all[0])

    def grade(
        self, submission: Submission, limits: Limits | None = None, *, until_failed: bool = False
    ) -> Report:
        """A report on an answer, within the lab's limits or others; or up to its first failure.

        A fault of the machine that may be over is tried once more.
        """
        bounds = limits or self._lab.limits
        with self._sandbox() as sandbox:
            for _ in range(2):
                report = grade(self._lab, submission, sandbox, bounds,
                               until_failed=until_failed, context=forkserver.context())  # fmt: skip
                if not (report.status == "fault" and report.run.retry):
                    break
            return report

    @contextmanager
    def packer(self, files: Files) -> Iterator[Packer]:
        """Packer in a workspace, for verbs that need no account."""
        from packerlab.packer.verbs import Packer

        with self._sandbox() as sandbox:
            box = Box(sandbox.channel(), self._lab.limits)
            yield Packer(box, files, self.version(), self._lab.manifest.outputs)

    def map(self, work: Callable[[T], R], things: Iterable[T]) -> Iterator[R]:
        """Each thing's result, in their order; what has not begun is dropped on Ctrl-C."""
        pool = ThreadPoolExecutor(self._jobs)
        try:
            yield from pool.map(work, things)
        finally:
            pool.shutdown(cancel_futures=True)

    def close(self) -> None:
        for sandbox in self._all:
            sandbox.close()

    @contextmanager
    def _sandbox(self) -> Iterator[Sandbox]:
        sandbox = self._free.get()
        try:
            yield sandbox
        finally:
            self._free.put(sandbox)
