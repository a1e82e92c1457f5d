"""What every request must hold to before anything looks at it, and what every answer carries.

- **Host**: an address, or a name of this machine. A page of somebody else's whose name was made to
  lead here (DNS rebinding) asks for its own name.
- **Origin**: what changes something comes from our own pages, or from a program.
- **Size**: a body is refused by the length that it announces, and cut off where it grows beyond it.
- **Time**: an answer that nobody takes in is given up.
"""

from __future__ import annotations

import asyncio
import ipaddress
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES = 8_000_000
"""Of a hand-in: twice what a workspace may have."""
MOST_FORM_BYTES = 10_000
"""Of any other request, which may come from somebody who has not joined."""
ANSWER_S = 60.0
FOLLOWING_S = 900.0
"""Seconds for an answer; for a stream of news, which ends by itself before."""

HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
OWN = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Of our pages: no script and no style but our files."""
SITE = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; worker-src 'self' blob:; form-action 'none'; base-uri 'self'; "
    "frame-ancestors 'none'"
)
"""Of the course's built site, whose theme has scripts in its pages."""


class Guard:
    """Around the whole application."""

    def __init__(self, app: ASGIApp, names: Collection[str]) -> None:
        self._app = app
        self._names = {name.lower() for name in names}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        answer = _Answer(send, SITE if scope["path"].startswith("/site/") else OWN)
        refusal = self._refusal(scope)
        if refusal:
            await answer.plain(*refusal)
            return
        seconds = FOLLOWING_S if scope["path"] == "/news" else ANSWER_S
        try:
            async with asyncio.timeout(seconds):
                await self._app(scope, _Bounded(receive, _most(scope)).receive, answer.send)
        except TimeoutError:
            await answer.plain(408, "this took too long.")

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers: dict[str, list[str]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.decode("latin-1"), []).append(value.decode("latin-1"))
        hosts = headers.get("host", [])
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            return 421, "this room is not called that: open it at the address on the wall."
        if scope["method"] not in ("GET", "HEAD", "POST", "PUT"):
            return 405, "this room only knows GET, POST and PUT."
        if scope["method"] in ("POST", "PUT") and not _is_own(scope["scheme"], hosts[0], headers):
            return 403, "this came from another site: open the room itself, and try again there."
        lengths = headers.get("content-length", ["0"])
        if not (lengths[0].isdecimal() and int(lengths[0][:20]) <= _most(scope)):
            return _TOO_LARGE
        return None

    def _is_ours(self, host: str) -> bool:
        """An address can't be made to lead here, only a name can."""
        name = host[1:].partition("]")[0] if host[:1] == "[" else host.partition(":")[0]
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name.lower().rstrip(".") in self._names
        return True


_TOO_LARGE = (
    413,
    f"that is too large: a hand-in has {MOST_BYTES // 1_000_000} MB at most. Pack the templates "
    "without what was built from them.",
)


def _most(scope: Scope) -> int:
    return MOST_BYTES if scope["path"].startswith("/labs/") else MOST_FORM_BYTES


def _is_own(scheme: str, host: str, headers: dict[str, list[str]]) -> bool:
    """Whether no browser says that another site's page sent it; programs say nothing."""
    origins = headers.get("origin", [])
    sites = headers.get("sec-fetch-site", [])
    return all(each == f"{scheme}://{host}" for each in origins) and all(
        each in ("same-origin", "none") for each in sites
    )


class _Bounded:
    """The body of a request, which may have announced no length."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._left = most

    async def receive(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            raise HTTPException(*_TOO_LARGE)
        return message


class _Answer:
    """What is sent, with the headers that all answers have."""

    def __init__(self, send: Send, policy: str) -> None:
        self._send = send
        self._headers = {**HEADERS, "content-security-policy": policy}
        self._started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._started = True
            own = {name for name, _ in message["headers"]}
            more = {"cache-control": "no-store", **self._headers}
            message["headers"] = [
                *message["headers"],
                *((n.encode(), v.encode()) for n, v in more.items() if n.encode() not in own),
            ]
        await self._send(message)

    async def plain(self, status: int, sentence: str) -> None:
        """A sentence instead of an answer, unless one has begun: then the connection ends."""
        if self._started:
            return
        body = f"{sentence[0].upper()}{sentence[1:]}\n".encode()
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})
