"""A scheduler's address, and the keys without which nothing of a class leaves this machine.

Anybody who can speak to a scheduler of Dask can run programs on all of its workers. So beyond
loopback there is only TLS, and both sides show a certificate of the same authority.
"""

from __future__ import annotations

import ipaddress
import logging
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from packerlab.errors import BadInputError, MachineError

if TYPE_CHECKING:
    from pathlib import Path

    from distributed.security import Security


class Keys(NamedTuple):
    """The files of one member of a cluster: the authority's certificate, its own, and its key."""

    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    @property
    def complete(self) -> bool:
        return all(self)


class Address(NamedTuple):
    """Where a scheduler listens, as Dask writes it."""

    scheme: str
    host: str
    port: int

    @property
    def encrypted(self) -> bool:
        return self.scheme == "tls"

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def address(text: str, keys: Keys) -> Address:
    """Read `[SCHEME://]HOST:PORT`; raises BadInputError where it would not be safe."""
    found = _parse(text if "://" in text else f"{'tls' if keys.complete else 'tcp'}://{text}")
    for file in keys:
        if file and not file.is_file():
            raise BadInputError(f"{file}: there is no such file.")
    if any(keys) and not keys.complete:
        raise BadInputError("TLS needs all three of --tls-ca-file, --tls-cert and --tls-key.")
    if found.encrypted and not keys.complete:
        raise BadInputError(f"{found} is encrypted: add --tls-ca-file, --tls-cert and --tls-key.")
    if not found.encrypted and not _is_loopback(found.host):
        raise BadInputError(
            f"{found} is another machine, and without TLS anybody on the way could grade and run "
            "programs: use tls://, with --tls-ca-file, --tls-cert and --tls-key."
        )
    return found


def need_dask() -> None:
    """Raise MachineError where Dask is not installed: the other modules import it at once."""
    if find_spec("distributed") is None:
        raise MachineError("A cluster needs Dask: `pip install 'packerlab[cluster]'` installs it.")


def hush_dask() -> None:
    """Have Dask log nothing: what there is to say of a lost connection, we say in a sentence.

    Each of its loggers has a level of its own from the moment when it is imported.
    """
    for name in logging.root.manager.loggerDict:
        if name.partition(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL)


def _parse(text: str) -> Address:
    try:
        parts = urlsplit(text)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError:
        scheme, host, port = "", None, None
    if scheme not in ("tcp", "tls") or not host or not port or parts.path:
        raise BadInputError(f"`{text}` is no scheduler's address, such as tcp://127.0.0.1:8786.")
    return Address(scheme, host, port)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def security(keys: Keys) -> Security:
    """What Dask is to use for both directions."""
    from distributed.security import Security

    if not keys.complete:
        return Security(require_encryption=False)
    authority, certificate, key = map(str, keys)
    return Security(
        require_encryption=True,
        tls_ca_file=authority,
        tls_client_cert=certificate,
        tls_client_key=key,
        tls_worker_cert=certificate,
        tls_worker_key=key,
    )
