"""The server and its graders: started together, and ended together."""

from __future__ import annotations

import logging
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import uvicorn

from packerlab.room.app import Handlers
from packerlab.room.guard import Guard
from packerlab.room.listener import PromptProtocol, listen
from packerlab.room.marking import Marking
from packerlab.room.pages import Address, Pages
from packerlab.room.tls import certificate

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

    from packerlab.executors import Executor
    from packerlab.room.room import Room

LOOPBACK = ("127.0.0.1", "::1", "localhost")
ANY = ("0.0.0.0", "::")  # noqa: S104  (recognised, not bound to)
MOST_HEADER_BYTES = 16_000
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2; those of 1.3 are all good."""


class Server:
    """A room at an address of this machine."""

    def __init__(self, room: Room, host: str, port: int, site: Path | None) -> None:
        self._room = room
        self.listener = listen(host, port)
        port = self.listener.getsockname()[1]
        own = socket.gethostname()
        names = [*LOOPBACK, *([own, f"{own}.local"] if own.isascii() else [])]
        shown = outward_address(host) if host in ANY else host
        secured = None if host in LOOPBACK else certificate({*names, shown})
        bracketed = f"[{shown}]" if ":" in shown else shown
        self.address = Address(f"{'https' if secured else 'http'}://{bracketed}:{port}", secured)
        self.handlers = Handlers(room, Pages(room, self.address, site=site is not None))
        self._server = uvicorn.Server(
            uvicorn.Config(
                Guard(self.handlers.application(site), names),
                http=PromptProtocol,
                ws="none",
                loop="asyncio",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                server_header=False,
                proxy_headers=False,  # nobody is in front of it whose word would count
                h11_max_incomplete_event_size=MOST_HEADER_BYTES,
                timeout_graceful_shutdown=1,
                ssl_certfile=secured.file if secured else None,
                ssl_ciphers=CIPHERS,
            )
        )

    def run(self, executor: Executor) -> None:
        """Serve and grade until Ctrl-C; what breaks a grader ends all, and is raised."""
        for noisy in ("asyncio", "python_multipart"):  # what strangers send is no news
            logging.getLogger(noisy).setLevel(logging.CRITICAL)
        room = self._room
        marking = Marking(
            room.labs,
            room.book,
            executor,
            room.shelf,
            room.turns,
            room.members.name,
            room.on_graded,
        )
        with ThreadPoolExecutor(executor.jobs) as pool:
            graders = [pool.submit(marking.work) for _ in range(executor.jobs)]
            for grader in graders:
                grader.add_done_callback(self._ended)
            try:
                self._server.run(sockets=[self.listener])
            finally:
                self.listener.close()  # uvicorn leaves it open where it is ended as it begins
                room.turns.close()
                executor.stop()
        for grader in graders:
            grader.result()

    @property
    def is_ready(self) -> bool:
        return self._server.started

    def stop(self) -> None:
        """From another thread: end as after Ctrl-C."""
        self._server.should_exit = True

    def _ended(self, grader: Future[None]) -> None:
        if grader.exception():
            self.stop()


def outward_address(host: str) -> str:
    """The address by which this machine would reach others; nothing is sent to find out."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("2001:db8::1" if ":" in host else "192.0.2.1", 9))
            return str(probe.getsockname()[0])
        except OSError:
            return socket.gethostname()
