"""Who follows a verb in a test: says its lines when it has heard its cues."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packerlab.sandbox.following import Message

SIZE = (30, 100)


class Script:
    """`steps` are what is waited for, after what was heard before, and what is then sent.

    Text is typed, and None ends the input; anything else is a message as it is.
    """

    def __init__(
        self,
        *steps: tuple[str, str | dict[str, object] | None],
        terminal: bool = False,
        piped: bool = False,
        apart: bool = False,
    ) -> None:
        size = SIZE if terminal else None
        self.live: dict[str, object] = {"terminal": size, "piped": piped, "apart": apart}
        self._steps = list(steps)
        self._said = {1: b"", 2: b""}
        self._all = b""
        self._woken, self._wake = os.pipe()

    @property
    def output(self) -> str:
        return self._said[1].decode().replace("\r\n", "\n")

    @property
    def errors(self) -> str:
        return self._said[2].decode()

    def readable(self) -> list[int]:
        if self._steps and self._steps[0][0].encode() in self._all:
            os.write(self._wake, b"!")
        return [self._woken]

    def wanted(self, fd: int) -> list[Message]:
        os.read(fd, 1)
        cue, line = self._steps.pop(0)
        self._all = self._all[self._all.index(cue.encode()) + len(cue.encode()) :]
        if isinstance(line, dict):
            return [(line, b"")]
        keys = (line or "").encode()
        return [({"typed": len(keys)}, keys)]

    def show(self, data: bytes, to: int) -> None:
        self._said[to] += data
        self._all += data

    def close(self) -> None:
        os.close(self._woken)
        os.close(self._wake)
