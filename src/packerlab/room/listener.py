"""Connections, bounded: how many a client may have, and how long it may take to say what it wants.

They are counted where they are accepted, before any TLS or HTTP is spoken.
"""

from __future__ import annotations

import socket
from collections import Counter
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from packerlab.errors import BadInputError
from packerlab.room.rates import neighbourhood

if TYPE_CHECKING:
    import asyncio

MOST_CONNECTIONS = 600
MOST_FOR_ONE = 150
"""Of one address: a whole class may sit behind one."""
RECEIVE_S = 30.0
"""Seconds in which a request must be here, from the first byte to the last."""


class Listener(socket.socket):
    """A listening socket that closes connections beyond the bounds at once."""

    most = MOST_CONNECTIONS
    most_for_one = MOST_FOR_ONE

    def __init__(self, family: int) -> None:
        super().__init__(family, socket.SOCK_STREAM)
        self.open: Counter[str] = Counter()

    def accept(self) -> tuple[socket.socket, Any]:
        while True:
            accepted, address = super().accept()
            client = neighbourhood(address[0])
            if self.open.total() < self.most and self.open[client] < self.most_for_one:
                self.open[client] += 1
                return _Connection(accepted.detach(), self, client), address
            accepted.close()


class _Connection(socket.socket):
    """An accepted connection, which is counted until it is closed."""

    def __init__(self, fd: int, listener: Listener, client: str) -> None:
        super().__init__(fileno=fd)
        self._listener = listener
        self._client = client
        self._counted = True

    def close(self) -> None:
        if self._counted:
            self._counted = False
            self._listener.open[self._client] -= 1
            if self._listener.open[self._client] <= 0:
                del self._listener.open[self._client]
        super().close()


def listen(host: str, port: int) -> Listener:
    """A listener at an address of this machine; raises BadInputError where there can't be one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = Listener(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = getattr(error, "strerror", "") or str(error)
        raise BadInputError(
            f"The room can't be served at {host}, port {port}: {reason}. --host takes an address "
            "of this machine (`ip address` lists them), --port a port that is free."
        ) from None
    return listener


class PromptProtocol(H11Protocol):
    """HTTP/1.1 by uvicorn; a request that does not come to its end in time is cut off."""

    receive_s = RECEIVE_S
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._late = self.loop.call_later(self.receive_s, transport.abort)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        receiving = self.conn.their_state in (h11.IDLE, h11.SEND_BODY)
        if receiving and self._late is None:
            self._late = self.loop.call_later(self.receive_s, self.transport.abort)
        elif not receiving:
            self._in_time()

    def connection_lost(self, exc: Exception | None) -> None:
        self._in_time()
        super().connection_lost(exc)

    def _in_time(self) -> None:
        if self._late:
            self._late.cancel()
            self._late = None
