"""A command on a terminal of its own, as a user sits before it."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from typing import TYPE_CHECKING

import pytest

from tests.toy import ROOT, SCRIPT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PATIENCE_S = 60
CLEAR = "\x1b[3J"


class Terminal:
    """A command on a terminal of its own (or a dumb one), and what it shows."""

    def __init__(
        self,
        *words: str | Path,
        term: str = "xterm-256color",
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        course = {"PACKERLAB_COURSE": str(ROOT), "TERM": term, "COLUMNS": ""}
        env = {**os.environ, **course, **(env or {})}
        pid, self._fd = pty.fork()
        if pid == 0:
            os.chdir(cwd or ".")
            os.execve(SCRIPT, ["packerlab", *map(str, words)], env)  # noqa: S606
        self.pid = pid
        self._text = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self.resize(40, 100)
        self.shown = ""

    def resize(self, lines: int, columns: int) -> None:
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, size)

    def press(self, keys: str) -> None:
        os.write(self._fd, keys.encode())

    def until(self, words: str) -> str:
        """The picture on the screen, once it has these words."""
        deadline = time.monotonic() + PATIENCE_S
        while words not in self.picture:
            assert time.monotonic() < deadline, f"{words!r} is not in {self.picture}"
            self._read(0.1)
        return self.picture

    def read(self) -> str:
        """All that was shown so far."""
        self._read(0.1)
        return self.shown

    @property
    def picture(self) -> str:
        return re.sub(r"\x1b\[[0-9;]*m", "", self.shown.split(CLEAR)[-1]).replace("\r\n", "\n")

    def forget(self) -> None:
        """From here on only what is drawn anew counts."""
        self.shown = ""

    def ended(self) -> int:
        """Its exit code."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            self._read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                while self._read(0):
                    pass  # it may have written more since
                return os.waitstatus_to_exitcode(status)
        pytest.fail("it does not end")

    def hang_up(self) -> None:
        """Close the window."""
        os.close(self._fd)
        self._fd = -1

    def _read(self, seconds: float) -> bool:
        """Whether there was something to read."""
        if self._fd < 0:
            time.sleep(seconds)
        elif select.select([self._fd], [], [], seconds)[0]:
            try:
                data = os.read(self._fd, 65536)
            except OSError:
                time.sleep(seconds)  # nobody writes any more
            else:
                self.shown += self._text.decode(data)
                return bool(data)
        return False

    def close(self) -> None:
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        if self._fd >= 0:
            os.close(self._fd)
