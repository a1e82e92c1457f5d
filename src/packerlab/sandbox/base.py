"""A sandbox as the rest of the engine sees it, and the backend that opens one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple, Protocol

from packerlab.errors import MachineError, SandboxError

if TYPE_CHECKING:
    from pathlib import Path

    from packerlab.lab import Limits
    from packerlab.sandbox.channel import Channel

PROGRAM = "/opt/packerlab/packer"
PLUGINS = "/opt/packerlab/plugins"
"""Where a box has Packer and its plugins: the same on every backend."""

TOOLS = "/opt/packerlab/tools"
"""Where a sandbox has the system that its verbs see in labs that need tools."""

AUTHORITY = "/etc/account.pem"
"""Where a verb has the certificate of an account's own authority."""

START_S = 60.0
OVERHEAD_MB = 64
OVERHEAD_PROCESSES = 32
"""What the supervisor and bubblewrap may use beside the verbs, in the control group's bounds."""


class PackerProgram(NamedTuple):
    """The Packer that a backend runs: over what its digest is, and where it lies on this machine.

    `path` and `plugins` are None where they lie in an image.
    """

    digest: str
    path: Path | None = None
    plugins: Path | None = None


Needs = frozenset[str]
"""The capabilities that a lab asks for: `packer`, `account`, `containers`, `tools`."""


class Supervised(Protocol):
    """A started supervisor."""

    channel: Channel

    def kill(self) -> None:
        """End it and all that it runs; returns when nothing is left."""

    def complaint(self) -> str:
        """What it said on its standard error."""


class Backend(Protocol):
    """One way to provide a sandbox."""

    name: str
    reusable: bool
    """Whether one supervisor may serve many reports."""

    def unavailable(self) -> str | None:
        """None, or one sentence: why it can't run here and what to do."""

    def weak(self) -> list[str]:
        """The bounds that are not fully enforced here, each in a few words."""

    def lacks(self, capability: str) -> str | None:
        """None, or one sentence: why it does not offer a capability here and what to do."""

    def packer(self) -> PackerProgram:
        """The Packer that it would run; raises MachineError or BadInputError."""

    def start(self, limits: Limits, needs: Needs) -> Supervised:
        """Start a supervisor with these bounds, and what a lab needs beside Packer."""


class Sandbox:
    """One job's place to run verbs in, under one set of limits; replaced when it misbehaves."""

    def __init__(self, backend: Backend, limits: Limits, needs: Needs = frozenset()) -> None:
        self.backend = backend
        self.limits = limits
        self.needs = needs
        self._running: Supervised | None = None

    def channel(self) -> Channel:
        """The channel of a supervisor that is ready."""
        if self._running is None:
            try:
                running = self.backend.start(self.limits, self.needs)
            except OSError as error:
                raise SandboxError(
                    f"The {self.backend.name} sandbox does not start: {error}"
                ) from None
            try:
                running.channel.header(time.monotonic() + START_S)
            except (MachineError, OSError) as error:
                said = _end(running.complaint())
                running.kill()
                raise SandboxError(
                    f"The {self.backend.name} sandbox does not start: {said or error}"
                ) from None
            self._running = running
        return self._running.channel

    def complaint(self) -> str:
        """The end of what the supervisor said on its standard error, if one runs."""
        return _end(self._running.complaint()) if self._running else ""

    def close(self) -> None:
        """End the supervisor, if one runs; the next `channel` starts another."""
        running, self._running = self._running, None
        if running is not None:
            running.kill()


def _end(text: str) -> str:
    return text.strip()[-400:]
