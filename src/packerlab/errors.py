"""The errors that a user may see, and the exit code that each one ends a command with."""

from __future__ import annotations

from typing import Literal

DONE = 0
NEGATIVE = 1
BAD_INPUT = 2
MACHINE = 3
INTERRUPTED = 130


class PackerlabError(Exception):
    """One sentence for the user: what is wrong, where, and what to do."""

    exit_code = MACHINE


class BadInputError(PackerlabError):
    """What the user gave can't be used."""

    exit_code = BAD_INPUT


class MachineError(PackerlabError):
    """The machine lacks something, or something of ours broke.

    `retry` says that it may go well the next time.
    """

    exit_code = MACHINE
    retry = False


class SandboxError(MachineError):
    """A sandbox could not begin, or broke: what the machine was short of may be there again."""

    retry = True


class RejectedError(Exception):
    """A submission that is refused as a whole; the sentence becomes the report's `reason`."""


class LimitError(Exception):
    """A bound was hit while a submission's code ran.

    `status` is the report's (`timeout` or `limit`); the sentence becomes its `reason`. `retry` says
    that only the wall clock ran out, which a loaded machine may have caused.
    """

    def __init__(
        self, status: Literal["timeout", "limit"], reason: str, *, retry: bool = False
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.retry = retry
