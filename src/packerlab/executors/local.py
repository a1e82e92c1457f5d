"""Grading on this machine: a sandbox for each job, a process for each report."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from typing import TYPE_CHECKING

from packerlab import forkserver
from packerlab.grading.grade_one import digests, grade
from packerlab.sandbox import Sandbox

if TYPE_CHECKING:
    from packerlab.lab import Lab
    from packerlab.report import Digests, Report
    from packerlab.sandbox.base import Backend, Needs
    from packerlab.submissions.workspaces import Submission


class Local:
    """The executor of one machine, with one backend."""

    def __init__(self, backend: Backend, jobs: int) -> None:
        self._backend = backend
        self.sandbox = backend.name
        self.jobs = jobs

    def lacks(self, capability: str) -> str:
        return self._backend.lacks(capability) or ""

    def bench(self) -> LocalBench:
        return LocalBench(self._backend)

    def stop(self) -> None:
        """Kill the reports' processes; what runs in their sandboxes ends with them."""
        for process in multiprocessing.active_children():
            if process.pid:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)


class LocalBench:
    """One job's open sandbox, with the limits of the lab in hand."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._open: Sandbox | None = None

    def digests(self, lab: Lab, submission: Submission) -> Digests:
        return digests(lab, submission, self._backend.packer().digest)

    def grade(self, lab: Lab, submission: Submission, needs: Needs | None = None) -> Report:
        sandbox = self._sandbox(lab, needs or lab.needs)
        return grade(lab, submission, sandbox, lab.limits, context=forkserver.context())

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _sandbox(self, lab: Lab, needs: Needs) -> Sandbox:
        """The open sandbox, where it has these limits and needs; else another one."""
        if self._open is None or (self._open.limits, self._open.needs) != (lab.limits, needs):
            self.close()
            self._open = Sandbox(self._backend, lab.limits, needs)
        return self._open
