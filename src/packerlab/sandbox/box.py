"""One report's use of a sandbox: verbs under a budget of time, and what they leave.

The parent keeps one open `Sandbox` for each job and lends its `Channel` to the process that grades
a report; that process makes a `Box` of it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import msgspec

from packerlab.errors import LimitError, SandboxError
from packerlab.inside.files import MAX_FILE_BYTES, MAX_FILES
from packerlab.inside.image_store import MAX_IMAGES, MAX_LAYERS
from packerlab.inside.kept import MAX_OUTPUT
from packerlab.inside.meter import PROCESSES
from packerlab.inside.room import MAX_ENTRIES, MAX_NAMES, MAX_TOLD
from packerlab.leaks import Leak, Leaks  # noqa: TC001  (msgspec reads it)
from packerlab.sandbox.base import PROGRAM
from packerlab.sandbox.channel import ANSWER_GRACE_S
from packerlab.sandbox.following import carry
from packerlab.submissions.archives import in_memory
from packerlab.submissions.reader import EVIDENCE, take

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from packerlab.lab import Limits
    from packerlab.sandbox.channel import Channel
    from packerlab.sandbox.following import Follower
    from packerlab.submissions.archives import Entry
    from packerlab.submissions.reader import Files

START = ["/usr/bin/env", "--"]
"""What starts any other program, so that a missing one is exit 127, as in any shell."""

MAX_ACCOUNT = 100_000_000
"""Bytes that an account may tell after a verb: all that its disks and its journal hold, bounded."""


class Ran(NamedTuple):
    """What a verb did. `irregular` names what is no regular file among the outputs, by kind.

    `account` is what the account told after a verb that joined one: JSON, not yet read; `engine`
    the same of a container engine. `leaks` is where the secrets are that were looked for.
    """

    exit: int
    output: str
    files: Files
    irregular: dict[str, str]
    account: bytes = b""
    engine: bytes = b""
    leaks: Leaks = Leaks()


Limit = Literal[
    "", "deadline", "cpu", "memory", "disk", "processes", "output", "files", "entries", "names",
    "bytes", "depth", "unpacked", "told", "images", "unreadable", "ended",
]  # fmt: skip
"""The bounds of a verb, and those on reading what it left; `limit_error` has each in words, but for
the end that who follows a verb has wished for."""


class Reply(msgspec.Struct):
    """What a supervisor says of a verb; see there. The sizes are of the bytes that follow."""

    cpu: float
    output: Annotated[int, msgspec.Meta(ge=0, le=MAX_OUTPUT)]
    files: list[tuple[str, Annotated[int, msgspec.Meta(ge=0, le=MAX_FILE_BYTES)], bool, str]]
    limit: Limit
    exit: int | None
    error: str
    account: Annotated[int, msgspec.Meta(ge=0, le=MAX_ACCOUNT)] = 0
    engine: Annotated[int, msgspec.Meta(ge=0, le=MAX_ACCOUNT)] = 0
    found: list[Leak] = []


class Followed(NamedTuple):
    """How a verb ended that somebody followed, and all that then lay in its workspace.

    `exit` is None where a bound was hit, which `limit` names.
    """

    exit: int | None
    limit: Limit
    entries: list[Entry]


BROKEN = (OSError, ValueError, RecursionError, msgspec.DecodeError)
"""What it raises to read an answer that makes no sense."""


class Joining(NamedTuple):
    """Which account a verb joins: a fresh one in `state`, or without one that of the last verb."""

    state: dict[str, object] | None


@dataclass
class Box:
    """One report's use of a supervisor: every verb starts from given files, in a fresh box."""

    channel: Channel
    limits: Limits
    cpu: float = 0.0
    started: float = field(default_factory=time.monotonic)

    def run(
        self,
        argv: list[str],
        files: Files,
        *,
        env: dict[str, str],
        outputs: Iterable[str] = (),
        stdin: str = "",
        log: bool = False,
        account: Joining | None = None,
        secrets: Sequence[str] = (),
        blind: bool = False,
    ) -> Ran:
        """Run `argv` in the workspace `files`; bring back what then lies below `outputs`.

        With `log`, standard error is the program's log, of which only a crash is reported.
        With an `account` it runs beside that one, and brings back what the account then tells.
        All that it says and leaves is searched for the `secrets`. One that is `blind` can't see its
        own processes, and so not what it is asked.
        Raises LimitError where a bound is hit, SandboxError where the sandbox fails.
        """
        request = self._request(argv, files, env, outputs)
        request |= {"stdin": stdin, "log": log, "secrets": list(secrets), "blind": blind}
        request |= {"account": account and {"state": account.state}}
        deadline = self._deadline()
        try:
            self.channel.send(request, [file.data for file in files.values()])
            answer = msgspec.json.decode(self.channel.header(deadline), type=Reply)
            output = self.channel.read(answer.output, deadline)
            told = self.channel.read(answer.account, deadline)
            stored = self.channel.read(answer.engine, deadline)
            entries = self._entries(answer, deadline)
        except BROKEN as error:
            raise SandboxError(f"The sandbox broke: {error!r}") from None
        self.cpu += answer.cpu
        if answer.limit:
            raise limit_error(answer.limit, self.limits)
        if answer.exit is None:
            raise SandboxError(f"The sandbox could not run a program: {answer.error}")
        irregular: dict[str, str] = {}
        taken = take(entries, EVIDENCE, irregular=irregular)
        text = output.decode(errors="replace")
        leaks = Leaks(secrets, answer.found)
        return Ran(answer.exit, text, taken, irregular, told, stored, leaks)

    def follow(
        self,
        argv: list[str],
        files: Files,
        follower: Follower,
        *,
        env: dict[str, str],
        account: Joining | None = None,
    ) -> Followed:
        """Run `argv` in the workspace `files` while somebody follows it; all that it leaves there.

        Raises SandboxError where the sandbox fails. The sandbox is to be closed afterwards.
        """
        request = self._request(argv, files, env, [""])
        request |= {"account": account and {"state": account.state}, "live": follower.live}
        deadline = self._deadline()
        try:
            self.channel.send(request, [file.data for file in files.values()])
            answer = msgspec.json.decode(carry(self.channel, follower, deadline), type=Reply)
            entries = self._entries(answer, time.monotonic() + ANSWER_GRACE_S)
        except BROKEN as error:
            raise SandboxError(f"The sandbox broke: {error!r}") from None
        if answer.exit is None and not answer.limit:
            raise SandboxError(f"The sandbox could not run a program: {answer.error}")
        return Followed(answer.exit, answer.limit, entries)

    def _request(
        self, argv: list[str], files: Files, env: dict[str, str], outputs: Iterable[str]
    ) -> dict[str, object]:
        """What a supervisor is asked, with nothing special about it."""
        return {
            "argv": argv if argv[0] == PROGRAM else [*START, *argv],
            "env": env,
            "stdin": "",
            "log": False,
            "files": [[name, len(file.data), file.mode] for name, file in files.items()],
            "outputs": list(outputs),
            "account": None,
            "secrets": [],
            "blind": False,
            "live": None,
            "deadline": self._remaining(),
            "cpu": max(self.limits.cpu_s - self.cpu, 0.0),
        }

    def _remaining(self) -> float:
        return max(self.limits.deadline_s - (time.monotonic() - self.started), 0.0)

    def _deadline(self) -> float:
        """When an answer must have come."""
        return time.monotonic() + self._remaining() + ANSWER_GRACE_S

    def base(self, names: list[str]) -> bytes:
        """What the disk below all machines has at `names`: JSON, not yet read."""
        return self._looked({"base": names})

    def prepared(self, layer: str, names: list[str]) -> bytes:
        """What a layer of the containers' prepared images has at `names`."""
        return self._looked({"prepared": layer, "base": names})

    def _looked(self, request: dict[str, object]) -> bytes:
        deadline = time.monotonic() + ANSWER_GRACE_S
        try:
            self.channel.send(request)
            size = msgspec.json.decode(self.channel.header(deadline), type=dict[str, int])["size"]
            return self.channel.read(min(size, MAX_ACCOUNT), deadline)
        except (OSError, KeyError, msgspec.DecodeError) as error:
            raise SandboxError(f"The sandbox broke: {error!r}") from None

    def leave(self) -> None:
        """Have nothing of an account live on."""
        try:
            self.channel.send({"close": True})
            self.channel.header(time.monotonic() + ANSWER_GRACE_S)
        except OSError as error:
            raise SandboxError(f"The sandbox broke: {error!r}") from None

    def _entries(self, answer: Reply, deadline: float) -> list[Entry]:
        """What came out of the box, as entries for the reader of untrusted trees."""
        if sum(size for _, size, _, _ in answer.files) > MAX_FILE_BYTES:
            raise ValueError("too many bytes")
        entries = []
        for name, size, executable, kind in answer.files:
            data = self.channel.read(size, deadline)
            entries.append(in_memory(name, data, executable=executable, kind=kind))
        return entries


def limit_error(limit: str, limits: Limits) -> LimitError:
    """The verdict for a bound that a supervisor says was hit."""
    if limit == "deadline":
        return LimitError("timeout", f"more than {limits.deadline_s} s in all.", retry=True)
    if limit == "cpu":
        return LimitError("timeout", f"more than {limits.cpu_s} s of CPU time.")
    reasons = {
        "memory": f"more than {limits.memory_mb} MB of memory.",
        "disk": f"more than {limits.disk_mb} MB of disk, or {MAX_FILES * 20} files on it.",
        "processes": f"more than {PROCESSES} processes and threads.",
        "output": f"more than {MAX_OUTPUT} bytes of output.",
        "files": f"more than {EVIDENCE.files} files or {EVIDENCE.size} bytes to hand back.",
        "entries": f"more than {MAX_ENTRIES} files and folders on one disk or in one archive.",
        "names": f"more than {MAX_NAMES} characters of file names on one disk.",
        "bytes": f"files of more than {limits.disk_mb} MB on one disk, sparse ones at full length.",
        "depth": "folders so deep that no path reaches the last one.",
        "unpacked": f"gzip streams of more than {limits.disk_mb} MB when they are unpacked.",
        "told": f"more than {MAX_TOLD} bytes to tell of disks, images and the account.",
        "images": f"more than {MAX_IMAGES} container images or archives, or {MAX_LAYERS} layers.",
        "unreadable": "files, images or an account of a form that no program here leaves.",
    }
    return LimitError("limit", reasons[limit])
