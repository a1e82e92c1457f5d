"""The bytes to and from a supervisor, however its backend carries them."""

from __future__ import annotations

import json
import select
import time
from typing import TYPE_CHECKING

from packerlab.errors import SandboxError
from packerlab.inside.files import HEADER

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable, Mapping

ANSWER_GRACE_S = 15.0
"""Seconds beyond a verb's deadline after which a supervisor counts as broken."""


class Channel:
    """Two-way bytes to a supervisor. Docker frames what comes back: 8 bytes, then so many.

    It survives being sent to another process by `multiprocessing`.
    """

    def __init__(self, sock: socket.socket, *, framed: bool) -> None:
        self.socket = sock
        self.framed = framed
        self.errors = ""
        self._left = 0
        self._standard_output = True
        self._buffer = bytearray()

    def __getstate__(self) -> tuple[socket.socket, bool]:
        return self.socket, self.framed

    def __setstate__(self, state: tuple[socket.socket, bool]) -> None:
        self.__init__(state[0], framed=state[1])  # type: ignore[misc]

    def send(self, header: Mapping[str, object], blobs: Iterable[bytes] = ()) -> None:
        self.socket.sendall(json.dumps(header).encode() + b"\n" + b"".join(blobs))

    def header(self, deadline: float) -> bytes:
        """The next line; raises SandboxError where none comes before `deadline`."""
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > HEADER:
                raise SandboxError("The sandbox's answer is too long.")
            self._fill(deadline)
        return self._taken(end + 1)

    @property
    def has_header(self) -> bool:
        """Whether a whole line has come."""
        return b"\n" in self._buffer

    def take_in(self) -> None:
        """Take in what there is to read, where the socket has something."""
        self._fill(time.monotonic() + ANSWER_GRACE_S)

    def read(self, size: int, deadline: float) -> bytes:
        while len(self._buffer) < size:
            self._fill(deadline)
        return self._taken(size)

    def _taken(self, size: int) -> bytes:
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def _fill(self, deadline: float) -> None:
        if not self.framed:
            self._buffer += self._receive(1 << 20, deadline)
            return
        if not self._left:
            frame = b""
            while len(frame) < 8:
                frame += self._receive(8 - len(frame), deadline)
            self._left = int.from_bytes(frame[4:8])
            self._standard_output = frame[0] == 1
            return
        data = self._receive(min(self._left, 1 << 20), deadline)
        self._left -= len(data)
        if self._standard_output:
            self._buffer += data
        elif len(self.errors) < HEADER:
            self.errors += data.decode(errors="replace")

    def _receive(self, size: int, deadline: float) -> bytes:
        ready, _, _ = select.select([self.socket], [], [], max(deadline - time.monotonic(), 0))
        if not ready:
            raise SandboxError("The sandbox did not answer.")
        data = self.socket.recv(size)
        if not data:
            raise SandboxError("The sandbox ended.")
        return data
