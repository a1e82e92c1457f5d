"""A verb that somebody follows: what it says goes out as it comes, and what they type goes in.

    to us      {"typed": size}, then the bytes; without any, the input has ended
               {"window": [rows, columns]}, {"signal": number}, {"end": true}
    from us    {"said": size, "to": 1 or 2}, then the bytes

The request says in `live` what the verb has: a `terminal` of that size, or streams, of which the
input is `piped` or not and standard error comes `apart` or not. A slow listener holds the
verb up, and nobody else. Standard library only.
"""

from __future__ import annotations

import fcntl
import os
import selectors
import socket
import struct
import subprocess
import termios
from functools import partial
from typing import TYPE_CHECKING, Any

from packerlab.inside import talk
from packerlab.inside.kept import MAX_OUTPUT

if TYPE_CHECKING:
    from collections.abc import Callable

    Message = dict[str, Any]

MOST_QUEUED = 1 << 18
"""Bytes that wait to go out; then the verb waits."""

MOST_TYPED = 1 << 20
"""Bytes that wait to go in; what is typed beyond is lost, as at any terminal. Our own input is read
all the time, for its end is how we learn that nobody is there any more."""

PIECE = 4096
"""What a stream takes at once when it takes anything."""

ENDED = "ended"
"""The bound that is hit where who follows has had enough."""


class Live:
    """`live` is the request's; `open_terminal` gives both ends of one of the box's own."""

    def __init__(
        self,
        selector: selectors.BaseSelector,
        said: talk.Talk,
        live: Message,
        open_terminal: Callable[[], tuple[int, int]],
    ) -> None:
        self._selector = selector
        self._talk = said
        self._signal: Callable[[int], None] = lambda _: None
        self._typed = bytearray()
        self._typed_all = False
        self._queue = bytearray()
        self._said = 0
        self.limit = ""
        self.complaint = "see what it says above"
        self._is_terminal = bool(live["terminal"])
        if self._is_terminal:
            self._open_terminal(open_terminal, live["terminal"])
        else:
            self._open_streams(live)

    def _open_terminal(
        self, open_terminal: Callable[[], tuple[int, int]], size: tuple[int, int]
    ) -> None:
        terminal, its = open_terminal()
        self._terminal = self._input = terminal
        self._outputs = {terminal: talk.OUTPUT}
        self._given = {its}
        self.stdin = self.stdout = self.stderr = its
        self._resize(size)

    def _open_streams(self, live: Message) -> None:
        """Packer takes a pipe for the input of a program, and all else for a person's."""
        if live["piped"]:
            self.stdin, self._input = os.pipe()
        else:
            ours, theirs = socket.socketpair()
            self.stdin, self._input = theirs.detach(), ours.detach()
        output, self.stdout = os.pipe()
        self._outputs = {output: 1}
        self.stderr = subprocess.STDOUT
        self._given = {self.stdin, self.stdout}
        if live["apart"]:
            errors, self.stderr = os.pipe()
            self._outputs[errors] = 2
            self._given.add(self.stderr)

    def prelude(self, become: Callable[[], None] | None) -> Callable[[], None] | None:
        """What the verb's process does before its program: the terminal is its own."""
        if not self._is_terminal:
            return become

        def take_terminal() -> None:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            if become:
                become()

        return take_terminal

    def begin(self, _verb: subprocess.Popen[bytes], signal: Callable[[int], None]) -> None:
        """Follow a verb that was started with these streams, and that `signal` reaches."""
        self._signal = signal
        for fd in self._given:
            os.close(fd)
        for fd in {self._input, *self._outputs}:
            os.set_blocking(fd, False)
        self._selector.register(talk.INPUT, selectors.EVENT_READ, self._take_in)
        self._obey()

    def finish(self) -> bytes:
        """Tell what is left in the streams of a verb that is dead; nothing of it is kept."""
        for fd in list(self._outputs):
            while self._hear(fd):
                self._say_all()
        self._say_all()
        self._close_input()
        for fd in (*self._outputs, talk.OUTPUT):
            self._watch(fd, 0)
        self._selector.unregister(talk.INPUT)
        return b""

    # --- what they want ---

    def _take_in(self) -> None:
        self._talk.take_in()
        self._obey()

    def _obey(self) -> None:
        while self._talk.has_header and not self.limit:
            message = self._talk.header()
            if "typed" in message:
                self._type(self._talk.read(message["typed"]))
            elif "window" in message and self._is_terminal:
                self._resize(message["window"])
            elif "signal" in message:
                self._signal(message["signal"])
            elif "end" in message:
                self.limit = ENDED
        self._arrange()

    def _type(self, keys: bytes) -> None:
        self._typed_all |= not keys
        self._typed += keys[: MOST_TYPED - len(self._typed)]

    def _resize(self, size: tuple[int, int]) -> None:
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("4H", *size, 0, 0))

    # --- the streams ---

    def _arrange(self) -> None:
        """Have the selector wake us for what we could go on with."""
        listening = selectors.EVENT_READ if len(self._queue) < MOST_QUEUED else 0
        wanted = dict.fromkeys(self._outputs, listening)
        if self._input >= 0:
            waiting = bool(self._typed) or (self._typed_all and not self._is_terminal)
            wanted[self._input] = wanted.get(self._input, 0) | selectors.EVENT_WRITE * waiting
        wanted[talk.OUTPUT] = selectors.EVENT_WRITE * bool(self._queue)
        for fd, events in wanted.items():
            self._watch(fd, events)

    def _watch(self, fd: int, events: int) -> None:
        known = fd in self._selector.get_map()
        if events and known:
            self._selector.modify(fd, events, partial(self._go_on, fd))
        elif events:
            self._selector.register(fd, events, partial(self._go_on, fd))
        elif known:
            self._selector.unregister(fd)

    def _go_on(self, fd: int) -> None:
        if fd == talk.OUTPUT:
            del self._queue[: os.write(fd, self._queue[:PIECE])]
        if fd == self._input:
            self._hand_in()
        if fd in self._outputs and len(self._queue) < MOST_QUEUED:
            self._hear(fd)
        self._arrange()

    def _hand_in(self) -> None:
        try:
            while self._typed:
                del self._typed[: os.write(self._input, self._typed[:PIECE])]
        except BlockingIOError:
            return
        except OSError:  # nobody reads it any more
            self._typed.clear()
            self._typed_all = True
        if self._typed_all and not self._is_terminal:
            self._close_input()

    def _close_input(self) -> None:
        """A terminal is one stream, and ends with its output."""
        if self._input >= 0 and not self._is_terminal:
            self._watch(self._input, 0)
            os.close(self._input)
        self._input = -1

    def _hear(self, fd: int) -> bool:
        """Pass on what a stream has; whether there may be more."""
        try:
            chunk = os.read(fd, talk.CHUNK)
        except BlockingIOError:
            return False
        except OSError:  # a terminal that nobody has open any more
            chunk = b""
        if not chunk:
            self._watch(fd, 0)
            self._input = -1 if fd == self._input else self._input
            del self._outputs[fd]
            os.close(fd)
            return False
        self._said += len(chunk)
        if self._said > MAX_OUTPUT and not self._is_terminal:
            self.limit = self.limit or "output"
        else:
            self._queue += talk.written({"said": len(chunk), "to": self._outputs[fd]}) + chunk
        return True

    def _say_all(self) -> None:
        while self._queue:
            del self._queue[: os.write(talk.OUTPUT, self._queue[:PIECE])]
