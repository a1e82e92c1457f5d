"""Where a batch's submissions are graded: on this machine, or on the workers of a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from packerlab.lab import Lab
    from packerlab.report import Digests, Report
    from packerlab.sandbox.base import Needs
    from packerlab.submissions.workspaces import Submission


class Bench(Protocol):
    """One job's place to grade at, one submission after the other."""

    def digests(self, lab: Lab, submission: Submission) -> Digests:
        """What a report of this submission would be computed from here."""

    def grade(self, lab: Lab, submission: Submission, needs: Needs | None = None) -> Report:
        """Grade a submission; with `needs`, in a sandbox that has these instead of the lab's.

        Raises MachineError where nothing can be graded any more.
        """

    def close(self) -> None:
        """Give back what it has open."""


class Executor(Protocol):
    """Many benches, and what they have in common."""

    sandbox: str
    """The backend in which all of them run Packer."""
    jobs: int
    """How many submissions to have under way at a time."""

    def lacks(self, capability: str) -> str:
        """Why no bench offers a capability, in a sentence; empty where one does."""

    def bench(self) -> Bench:
        """One more bench, for one job."""

    def stop(self) -> None:
        """End what is under way, from another thread: nobody waits for its reports."""
