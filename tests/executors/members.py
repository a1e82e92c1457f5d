"""The members of a cluster, each a process with folders of its own, perhaps in a namespace."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from packerlab.executors.address import Keys

if TYPE_CHECKING:
    from collections.abc import Iterator

BESIDE_PYTHON = Path(sys.executable).parent


class Member(NamedTuple):
    """A scheduler's or a worker's process, and the file that has what it said."""

    process: subprocess.Popen[bytes]
    log: Path

    def kill(self) -> None:
        """As a machine goes that loses its power."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def member(folder: Path, *words: str | Path, before: list[str] | None = None) -> Iterator[Member]:
    """Run one of the programs beside this Python, in a folder of its own, until it is left."""
    folder.mkdir()
    program, *rest = map(str, words)
    environment = {
        **os.environ,
        "PACKERLAB_STATE": str(folder / "state"),
        "PACKERLAB_CACHE": str(folder / "cache"),
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*(before or []), str(BESIDE_PYTHON / program), *rest],
            cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        yield Member(process, folder / "log")
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)


def options(keys: Keys) -> list[str]:
    """How packerlab, and Dask's scheduler, are given the keys."""
    return [f"{name}={file}" for name, file in zip(TLS, keys, strict=True)]


TLS = ("--tls-ca-file", "--tls-cert", "--tls-key")


def keys_in(folder: Path) -> Keys:
    """An authority, and the certificate of one member that it has signed."""
    folder.mkdir()
    authority_key, own_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _certificate("authority", authority_key, "authority", authority_key)
    own = _certificate("member", own_key, "authority", authority_key)
    keys = Keys(folder / "authority.pem", folder / "member.pem", folder / "member.key")
    pem = serialization.Encoding.PEM
    (folder / "authority.pem").write_bytes(authority.public_bytes(pem))
    (folder / "member.pem").write_bytes(own.public_bytes(pem))
    (folder / "member.key").write_bytes(
        own_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return keys


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    def named(common: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])

    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=name == issuer, path_length=None), critical=True)
    )
    return built.sign(issuer_key, hashes.SHA256())
