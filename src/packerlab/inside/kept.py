"""What a verb says, kept until it ends: its output, and the end of its program's log.

Standard library only.
"""

from __future__ import annotations

import os
import re
import selectors
import subprocess
from functools import partial
from typing import TYPE_CHECKING, Any

from packerlab.inside.files import BOX
from packerlab.inside.processes import drain
from packerlab.inside.search import Stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from packerlab.inside.search import Search

    Message = dict[str, Any]

MAX_OUTPUT = 1_000_000
MAX_LOG = 100_000
CRASH = re.compile(rb"^(?:panic|fatal error): .*\n", re.MULTILINE)
CRASHED = 2
"""What a Go program that crashes says on standard error, and its exit code."""


class Kept:
    """With `log` in the request, standard error is the program's log.

    Of that, the output gets the line that tells of a crash.
    """

    def __init__(self, selector: selectors.BaseSelector, request: Message, search: Search) -> None:
        self._selector = selector
        self._search = search
        self._log_search = Stream(search) if search else None
        self._log = bytearray()
        self._listened: list[int] = []
        self._output = bytearray()
        self.stdin = os.open(f"{BOX}/stdin", os.O_RDONLY)
        self.stdout = subprocess.PIPE
        self.stderr = subprocess.PIPE if request["log"] else subprocess.STDOUT

    @property
    def limit(self) -> str:
        """The bound that was hit, if any."""
        return "output" if len(self._output) > MAX_OUTPUT else ""

    def prelude(self, become: Callable[[], None] | None) -> Callable[[], None] | None:
        """What the verb's process does before its program."""
        return become

    def begin(self, verb: subprocess.Popen[bytes], _signal: Callable[[int], None]) -> None:
        """Listen to a verb that was started with these streams."""
        os.close(self.stdin)
        self._verb = verb
        for stream, take_in in ((verb.stdout, self._output.extend), (verb.stderr, self._hear_log)):
            if stream:
                fd = stream.fileno()
                self._listened.append(fd)
                self._selector.register(fd, selectors.EVENT_READ, partial(self._hear, fd, take_in))

    def finish(self) -> bytes:
        """All that a verb said which is dead now; secrets are looked for in it."""
        for fd in list(self._listened):
            self._forget(fd)
        self._output += drain(self._verb.stdout, MAX_OUTPUT - len(self._output))
        self._hear_log(drain(self._verb.stderr, MAX_LOG))
        if self._verb.returncode == CRASHED and (crash := CRASH.search(self._log)):
            self._output += crash[0]
        said = bytes(self._output[:MAX_OUTPUT])
        self._search.text("output", "", "", said)
        if self._log_search:
            self._search.note("log", "", "", self._log_search.matches)
        return said

    @property
    def complaint(self) -> str:
        """The end of all that it said."""
        return (self._output + self._log).decode(errors="replace")[-300:]

    def _hear(self, fd: int, take_in: Callable[[bytes], None]) -> None:
        chunk = os.read(fd, 65536)
        take_in(chunk)
        if not chunk:
            self._forget(fd)

    def _forget(self, fd: int) -> None:
        self._listened.remove(fd)
        self._selector.unregister(fd)

    def _hear_log(self, chunk: bytes) -> None:
        """Look through the program's log, and keep the end of it."""
        if self._log_search:
            self._log_search.feed(chunk)
        self._log += chunk
        del self._log[:-MAX_LOG]
