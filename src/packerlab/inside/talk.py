"""The supervisor's conversation on its standard input and output: JSON lines, bytes behind them.

Standard library only.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Message = dict[str, Any]

INPUT, OUTPUT = 0, 1
CHUNK = 1 << 16


class Gone(Exception):  # noqa: N818  (an event, not an error)
    """The other side closed the pipe: there is nobody to work for."""


class Talk:
    """What came in and is not yet used is kept here, and nowhere else."""

    def __init__(self) -> None:
        self._came = bytearray()

    def take_in(self) -> None:
        """Take in what there is, or wait for it."""
        chunk = os.read(INPUT, CHUNK)
        if not chunk:
            raise Gone
        self._came += chunk

    def header(self) -> Message:
        """The next line, waited for."""
        while b"\n" not in self._came:
            self.take_in()
        message: Message = json.loads(self._taken(self._came.index(b"\n") + 1))
        return message

    def read(self, size: int) -> bytes:
        """So many bytes, waited for."""
        while len(self._came) < size:
            self.take_in()
        return self._taken(size)

    @property
    def has_header(self) -> bool:
        """Whether a line has come."""
        return b"\n" in self._came

    def _taken(self, size: int) -> bytes:
        data = bytes(self._came[:size])
        del self._came[:size]
        return data

    @staticmethod
    def send(header: Message, *blobs: bytes) -> None:
        """Say all of it, however long the other side takes."""
        for blob in (written(header), *blobs):
            left = memoryview(blob)
            while left:
                left = left[os.write(OUTPUT, left) :]


def gone() -> None:
    """Our input can be read while we work: it has ended, for nobody asks before the answer."""
    raise Gone


def written(header: Message) -> bytes:
    """A line of the conversation."""
    return json.dumps(header).encode() + b"\n"
