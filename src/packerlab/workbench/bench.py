"""A lab's own box to try things in: a program that the learner follows, on the workspace.

The box is that of a check, with the lab's simulated account or container engine beside it. What the
program changed in the workspace comes home when it has ended.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from packerlab.errors import DONE, INTERRUPTED, NEGATIVE, SandboxError
from packerlab.packer.environment import (
    NO_SETTINGS,
    OWN_PROGRAMS,
    environment,
    packer_version,
    with_host_key,
)
from packerlab.packer.versions import (
    NATIVE_PLUGINS,
    with_required_plugins,
    without_required_plugins,
)
from packerlab.prepared_account import account_of, with_policy
from packerlab.sandbox.base import PROGRAM, Sandbox
from packerlab.sandbox.box import Box, Joining, limit_error
from packerlab.submissions.changes import bring_home, changes

if TYPE_CHECKING:
    from pathlib import Path

    from packerlab.lab import Lab, Limits
    from packerlab.sandbox.base import Backend, Needs
    from packerlab.sandbox.box import Followed
    from packerlab.submissions.reader import Files
    from packerlab.workbench.attached import Attached

TRIED_S = 3_600
"""Seconds that a verb of Packer's may take: the learner is there, and may want to look."""

SHELL_S, SHELL_CPU_S = 8 * 3_600, 3_600
"""Seconds, and of CPU, that a shell may be open."""

NO_INIT = "Packer {} has no `init`: its plugins are built in, so there is nothing to install."
PASSED_ON = re.compile(r"PKR_VAR_\w+|PACKER_LOG")
"""The variables of the learner's that Packer gets."""


class Workbench(NamedTuple):
    """A lab, the workspace at `root`, and where it is tried."""

    lab: Lab
    root: Path
    files: Files
    backend: Backend

    def packer(self, args: list[str], follower: Attached) -> int:
        """Run Packer with these arguments; its exit code."""
        limits = msgspec.structs.replace(self.lab.limits, deadline_s=TRIED_S)
        variables = {**NO_SETTINGS, **_passed_on()}
        return self._follow([PROGRAM, *args], variables, limits, follower, self.lab.needs)

    def shell(self, follower: Attached, *, terminal: bool) -> int:
        """Open a shell that has Packer; its exit code."""
        limits = msgspec.structs.replace(self.lab.limits, deadline_s=SHELL_S, cpu_s=SHELL_CPU_S)
        variables = {
            **OWN_PROGRAMS,
            "PS1": f"packerlab {self.lab.number} \\w$ ",
            "TERM": _terminal_type(),
        }
        argv = ["bash", "--norc", "-i"] if terminal else ["bash"]
        variables |= _passed_on()
        return self._follow(argv, variables, limits, follower, self._needs_with_tools())

    def _needs_with_tools(self) -> Needs:
        """What a shell needs: beside an account it has the tools, where they are made."""
        if "account" not in self.lab.needs:
            return self.lab.needs
        if lacking := self.backend.lacks("tools"):
            _tell(f"note: no `aws`, `jq` and so on: {lacking}")
            return self.lab.needs
        return self.lab.needs | {"tools"}

    def _follow(
        self,
        argv: list[str],
        variables: dict[str, str],
        limits: Limits,
        follower: Attached,
        needs: Needs,
    ) -> int:
        opened = account_of(self.lab)
        state = opened and with_policy(opened, self.files)
        with contextlib.closing(Sandbox(self.backend, limits, needs)) as sandbox:
            version = packer_version(sandbox)
            if version < NATIVE_PLUGINS and argv[:2] == [PROGRAM, "init"]:
                _tell(NO_INIT.format(".".join(map(str, version))))
                return DONE
            files = with_host_key(self.files, state)
            if version < NATIVE_PLUGINS and argv[:2] != [PROGRAM, "fmt"]:
                files = without_required_plugins(files, readably=True)
            box = Box(sandbox.channel(), limits)
            try:
                with follower.attached():
                    ended = box.follow(
                        argv,
                        files,
                        follower,
                        env=environment(state) | variables,
                        account=Joining(state) if state else None,
                    )
            except SandboxError as error:
                raise SandboxError(" ".join([str(error), sandbox.complaint()]).strip()) from None
        self._bring_home(ended, files)
        return self._exit_code(ended, limits)

    def _bring_home(self, ended: Followed, files: Files) -> None:
        """Tell what changed, then change it here; of what can't be read, nothing is known."""
        if ended.limit and not ended.entries:
            _tell("Nothing comes back: your workspace stays as it is.")
            return
        ours = {name for name, file in files.items() if file.private}
        found = changes(files, ended.entries, ignored=ours)
        found.written = {
            name: with_required_plugins(file) if files.get(name) != self.files.get(name) else file
            for name, file in found.written.items()
        }
        found.before = self.files
        _tell(*found.lines())
        _tell(*bring_home(self.root, found))

    def _exit_code(self, ended: Followed, limits: Limits) -> int:
        if ended.exit is not None and not ended.limit:
            return ended.exit
        if ended.limit == "ended":
            _tell("Stopped: everything that ran in the sandbox has ended.")
            return INTERRUPTED
        error = limit_error(ended.limit, limits)
        _tell(f"{error.status}: {error}")
        return NEGATIVE


def _passed_on() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if PASSED_ON.fullmatch(name)}


def _terminal_type() -> str:
    """Ours, where it is the name of one: it becomes part of a path in the sandbox."""
    named = os.environ.get("TERM", "")
    return named if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,40}", named) else "dumb"


def _tell(*lines: str) -> None:
    """Beside what the program says; a terminal that is gone hears nothing any more."""
    with contextlib.suppress(OSError):
        for line in lines:
            print(line, file=sys.stderr)
        sys.stderr.flush()
