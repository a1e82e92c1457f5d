"""The certificate of this machine's room: made once, and shown by its fingerprint.

Nobody else vouches for it. Who compares the fingerprint on the wall with the one that a browser
shows knows that nobody is in between.
"""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from packerlab import state

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

VALID = dt.timedelta(days=365)
ENOUGH = dt.timedelta(days=2)
"""What must be left of it: a workshop may last two days."""


class Certificate(NamedTuple):
    """Its file, which has the key in it too, and how people and curl recognise it."""

    file: Path
    fingerprint: str
    pin: str


def certificate(names: Iterable[str]) -> Certificate:
    """The machine's own for these names and addresses; another one is made where it must be."""
    file = state.state_folder() / "room.pem"
    wanted = set(names)
    found = _read(file)
    now = dt.datetime.now(dt.UTC)
    if not (found and wanted <= _names(found) and found.not_valid_after_utc > now + ENOUGH):
        found = _make(file, sorted(wanted), now)
    return Certificate(file, _grouped(found.fingerprint(hashes.SHA256())), _pin(found))


def _read(file: Path) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError):
        return None


def _names(found: x509.Certificate) -> set[str]:
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = names.get_values_for_type(x509.IPAddress)
    return {*names.get_values_for_type(x509.DNSName), *map(str, addresses)}


def _make(file: Path, names: list[str], now: dt.datetime) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "packerlab room")])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))  # a learner's clock may be slow
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectAlternativeName(list(map(_general, names))), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = made.public_bytes(serialization.Encoding.PEM)
    state.write_atomically(file, public + secret, private=True)
    return made


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _grouped(digest: bytes) -> str:
    return digest.hex(":").upper()


def _pin(found: x509.Certificate) -> str:
    """What `curl --pinnedpubkey` takes."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(
        found.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return f"sha256//{base64.b64encode(digest.finalize()).decode()}"
