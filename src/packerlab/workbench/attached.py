"""Our own terminal or pipes, attached to a verb in a sandbox: keys and signals in, words out."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import struct
import termios
import tty
from typing import TYPE_CHECKING

from packerlab.workbench.streams import Lines, Screen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from packerlab.sandbox.following import Message
    from packerlab.workbench.streams import Shown

HEARD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGWINCH)
CHUNK = 4096
INPUT = 0


class Attached:
    """With `terminal`, the verb has a terminal of its own which ours stands for.

    Without it, it has streams; `reads` says whether it is given our input. Ctrl-C is then a signal
    for it, and a second one its end.
    """

    def __init__(self, *, terminal: bool, reads: bool) -> None:
        self._terminal = terminal
        self._reads = reads or terminal
        self._shown: dict[int, Shown] = (
            {1: Screen()} if terminal else {to: Lines(colours=_takes_colours(to)) for to in (1, 2)}
        )
        self._interrupts = 0
        self._woken, self._wake = os.pipe()
        for fd in (self._woken, self._wake):
            os.set_blocking(fd, False)

    @property
    def live(self) -> dict[str, object]:
        return {
            "terminal": _size() if self._terminal else None,
            "piped": not os.isatty(INPUT),
            "apart": not (os.isatty(1) and os.isatty(2)),
        }

    @contextlib.contextmanager
    def attached(self) -> Iterator[None]:
        """Hear signals, and where we stand for a terminal let every key through."""
        before = {number: signal.signal(number, _ignore) for number in HEARD}
        woken = signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        modes = termios.tcgetattr(INPUT) if self._terminal else None
        try:
            if self._terminal:
                tty.setraw(INPUT)
            yield
        finally:
            for to, shown in self._shown.items():
                self._write(shown.end(), to)
            if modes:  # what was typed for the verb, or was an answer to it, is for nobody else
                with contextlib.suppress(termios.error):  # the terminal is gone
                    termios.tcsetattr(INPUT, termios.TCSAFLUSH, modes)
            signal.set_wakeup_fd(woken)
            for number, handler in before.items():
                signal.signal(number, handler)

    def readable(self) -> list[int]:
        """Our input is not read by one in the background: the system would stop us."""
        reads = self._reads and _is_ours(INPUT)
        return [self._woken, *([INPUT] if reads else [])]

    def wanted(self, fd: int) -> list[Message]:
        if fd == INPUT:
            return self._typed()
        return [each for number in os.read(fd, CHUNK) for each in self._signalled(number)]

    def _typed(self) -> list[Message]:
        try:
            keys = os.read(INPUT, CHUNK)
        except OSError:  # the terminal is gone
            keys = b""
        self._reads = bool(keys)
        if not keys and self._terminal:
            return [_END]
        return [({"typed": len(keys)}, keys)]

    def _signalled(self, number: int) -> list[Message]:
        if number == signal.SIGWINCH:
            return [({"window": _size()}, b"")] if self._terminal else []
        if number == signal.SIGINT:
            self._interrupts += 1
            if self._interrupts == 1:
                return [({"signal": signal.SIGINT}, b"")]
        return [_END]

    def show(self, data: bytes, to: int) -> None:
        self._write(self._shown[to].feed(data), to)

    def _write(self, text: str, to: int) -> None:
        """Where nobody reads it any more, that is a wish for the end."""
        left = memoryview(text.encode(errors="replace"))
        try:
            while left:
                left = left[os.write(to, left) :]
        except OSError:
            os.write(self._wake, bytes([signal.SIGHUP]))


_END: Message = ({"end": True}, b"")


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """The number is read from the pipe that it wakes us by."""


def _size() -> tuple[int, int]:
    rows, columns, _, _ = struct.unpack("4H", fcntl.ioctl(INPUT, termios.TIOCGWINSZ, bytes(8)))
    return rows or 24, columns or 80


def _is_ours(fd: int) -> bool:
    return not os.isatty(fd) or os.tcgetpgrp(fd) == os.getpgrp()


def _takes_colours(to: int) -> bool:
    return os.isatty(to) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
