"""Who listens for news of the room, by server-sent events: a stream says only that there is some.

What is new, a page asks for as it asked for itself, with its own rights.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

MOST_STREAMS = 200
MOST_FOR_ONE = 4
"""Streams of one listener: a tab has one, and a browser keeps six connections in all."""
LONGEST_S = 600.0
"""Seconds after which a stream ends; a browser opens the next one by itself."""
QUIET_S = 15.0
"""Seconds without news after which something is sent, so that who is gone is noticed."""
PAUSE_S = 0.5
"""Seconds between two pieces of news, so that a busy room costs no more than a quiet one."""


class CrowdedError(Exception):
    """There are enough streams, in a sentence."""


class Stream:
    """One listener: a learner's key, or empty for the wall."""

    def __init__(self, listener: str) -> None:
        self.listener = listener
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()

    def tell(self) -> None:
        """From any thread."""
        self._loop.call_soon_threadsafe(self._news.set)

    async def lines(self) -> AsyncIterator[bytes]:
        """What is sent, until the stream has been open for long enough."""
        yield b"retry: 2000\n\n"
        end = self._loop.time() + LONGEST_S
        while self._loop.time() < end:
            try:
                await asyncio.wait_for(self._news.wait(), QUIET_S)
            except TimeoutError:
                yield b": nothing new\n\n"
                continue
            self._news.clear()
            yield b"event: news\ndata: .\n\n"
            await asyncio.sleep(PAUSE_S)


class Listeners:
    """All open streams."""

    def __init__(self) -> None:
        self._streams: dict[Stream, str] = {}
        self._lock = threading.Lock()

    def open(self, listener: str, owner: str) -> Stream:
        """A stream of news for `listener`, counted for `owner`; raises CrowdedError."""
        with self._lock:
            if list(self._streams.values()).count(owner) >= MOST_FOR_ONE:
                raise CrowdedError(
                    f"You follow this room {MOST_FOR_ONE} times already: close a tab."
                )
            if len(self._streams) >= MOST_STREAMS:
                raise CrowdedError("Too many follow this room; the page still works, reload it.")
            stream = Stream(listener)
            self._streams[stream] = owner
            return stream

    def close(self, stream: Stream) -> None:
        with self._lock:
            self._streams.pop(stream, None)

    def tell(self, learners: Iterable[str]) -> None:
        """These learners' own affairs have changed, and so may have the wall."""
        wanted = {*learners, ""}
        with self._lock:
            for stream in self._streams:
                if stream.listener in wanted:
                    stream.tell()
