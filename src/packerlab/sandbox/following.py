"""A verb that somebody follows: its words and their wishes, carried until the verb has ended."""

from __future__ import annotations

import select
import time
from typing import TYPE_CHECKING, Annotated, Literal, Protocol

import msgspec

from packerlab.errors import SandboxError
from packerlab.inside.talk import CHUNK
from packerlab.sandbox.channel import ANSWER_GRACE_S

if TYPE_CHECKING:
    from packerlab.sandbox.channel import Channel


class Said(msgspec.Struct):
    """What a verb says while somebody follows it: so many bytes follow, of which stream."""

    said: Annotated[int, msgspec.Meta(ge=0, le=CHUNK)]
    to: Literal[1, 2]


Message = tuple[dict[str, object], bytes]
"""A line for a supervisor, and the bytes behind it."""


class Follower(Protocol):
    """Who follows a verb: what it says is shown, what they want is sent."""

    @property
    def live(self) -> dict[str, object]:
        """What the verb has for its streams; see `packerlab.inside.live`."""

    def readable(self) -> list[int]:
        """The descriptors by which the follower wants something."""

    def wanted(self, fd: int) -> list[Message]:
        """What to send, as one of these can be read."""

    def show(self, data: bytes, to: int) -> None:
        """Show what the verb says."""


def carry(channel: Channel, follower: Follower, deadline: float) -> bytes:
    """Carry words and wishes; the answer's line. Raises SandboxError where none comes."""
    while True:
        while channel.has_header:
            header = channel.header(deadline)
            if not header.startswith(b'{"said"'):
                return header
            said = msgspec.json.decode(header, type=Said)
            follower.show(channel.read(said.said, time.monotonic() + ANSWER_GRACE_S), said.to)
        remaining = max(deadline - time.monotonic(), 0)
        ours = channel.socket.fileno()
        ready, _, _ = select.select([ours, *follower.readable()], [], [], remaining)
        if not ready:
            raise SandboxError("The sandbox did not answer.")
        for source in ready:
            if source == ours:
                channel.take_in()
                continue
            for message, data in follower.wanted(source):
                channel.send(message, [data])
