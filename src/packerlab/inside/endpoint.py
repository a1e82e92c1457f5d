"""HTTPS on a loopback address: certificates of our own, bounded requests, one thread a connection.

A client may be hostile. A request is small and complete within seconds, or its connection is
closed; nobody can hold more than `CONNECTIONS` of them. What a request means is not known here.
"""

from __future__ import annotations

import datetime as dt
import socket
import socketserver
import ssl
import tempfile
import threading
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

BODY_BYTES = 1_048_576
CONNECTIONS = 128
IDLE_S = 120.0
"""How long a connection may wait between two requests."""
REQUEST_S = 20.0
"""How long a handshake or a request may take to arrive."""
YEARS = dt.timedelta(days=3650)


@dataclass(frozen=True)
class HttpRequest:
    """One request: lower-case header names, the path as it came (with its query)."""

    method: str
    host: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class HttpResponse:
    """What a call is answered with."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def certificates(names: Iterable[str]) -> tuple[str, ssl.SSLContext]:
    """A new authority, as PEM, and a server's context with its certificate for `names`."""
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _name("packerlab simulated account CA")
    ca = (
        _certificate(authority, authority, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = (
        _certificate(_name("simulated account"), authority, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:  # ssl reads certificates from files only
        file = Path(folder) / "leaf.pem"
        file.write_bytes(secret + leaf.public_bytes(serialization.Encoding.PEM))
        context.load_cert_chain(file)
    return ca.public_bytes(serialization.Encoding.PEM).decode(), context


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + YEARS)
    )


class Endpoint(socketserver.ThreadingTCPServer):
    """Listens from its making on; `serve_forever` answers.

    Only the box can connect: machines have a network of their own.
    """

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = CONNECTIONS

    def __init__(
        self,
        address: tuple[str, int],
        context: ssl.SSLContext,
        answer: Callable[[HttpRequest], HttpResponse],
        request_s: float = REQUEST_S,
    ) -> None:
        self.context = context
        self.request_s = request_s
        self.answer = answer
        self.deadlines: dict[socket.socket, float] = {}
        self.open_connections = threading.BoundedSemaphore(CONNECTIONS)
        super().__init__(address, _Connection)
        threading.Thread(target=self._close_late_ones, daemon=True).start()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Take a connection, unless there are too many."""
        if not self.open_connections.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.open_connections.release()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the connection's own thread, so that a slow one holds up nobody."""
        self.deadlines[request] = time.monotonic() + self.request_s
        try:
            request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            request.settimeout(IDLE_S)
            with self.context.wrap_socket(
                request, server_side=True, do_handshake_on_connect=False
            ) as connection:
                self.deadlines[connection] = self.deadlines.pop(request)
                try:
                    connection.do_handshake()
                    super().finish_request(connection, client_address)
                finally:
                    del self.deadlines[connection]
        finally:
            self.deadlines.pop(request, None)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A broken connection is its client's matter."""

    def _close_late_ones(self) -> None:
        """A time-out bounds one read only: who sends a byte now and then is stopped here."""
        while True:
            time.sleep(1)
            now = time.monotonic()
            for connection, deadline in list(self.deadlines.items()):
                if now > deadline:
                    _cut(connection)


def _cut(connection: socket.socket) -> None:
    try:
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError:
        return  # it is closed already


class _Connection(BaseHTTPRequestHandler):
    """The requests of one connection, one after the other."""

    server: Endpoint
    protocol_version = "HTTP/1.1"
    server_version = "AmazonEC2"
    sys_version = ""
    wbufsize = -1  # head and body leave in one packet
    timeout = IDLE_S

    def handle_one_request(self) -> None:
        """Wait for a request's first byte for long, for the rest of it shortly."""
        self.close_connection = True
        self.server.deadlines[self.connection] = time.monotonic() + IDLE_S
        if not self.rfile.peek(1):  # type: ignore[attr-defined]
            return
        self.server.deadlines[self.connection] = time.monotonic() + self.server.request_s
        super().handle_one_request()

    def handle_expect_100(self) -> bool:
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def _respond(self) -> None:
        body = self._body()
        if body is None:
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        host = headers.get("host", "").partition(":")[0].lower()
        self.server.deadlines[self.connection] = float("inf")  # now it waits for us
        call = HttpRequest(self.command, host, self.path, headers, body)
        answer = self.server.answer(call)
        self.send_response_only(answer.status)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
        self.wfile.flush()

    def _body(self) -> bytes | None:
        """The request's body; None where it was refused, and the connection ends."""
        lengths = self.headers.get_all("Content-Length") or ["0"]
        if "Transfer-Encoding" in self.headers or len(lengths) > 1 or not _is_count(lengths[0]):
            self.send_error(HTTPStatus.LENGTH_REQUIRED)
            return None
        if int(lengths[0]) > BODY_BYTES:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return None
        body = self.rfile.read(int(lengths[0]))
        return body if len(body) == int(lengths[0]) else None

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _respond  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """The journal is kept where a call is understood."""


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20
