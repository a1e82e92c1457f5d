"""A course's key, which signs gradebooks and certificates: Ed25519, in two files of the course.

- `signing.key`: the private half, as PEM; for the instructor alone (mode 0600)
- `signing.pub`: the public half, as PEM; anybody who has it can check a gradebook
"""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packerlab.errors import BadInputError, MachineError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

PRIVATE = "signing.key"
PUBLIC = "signing.pub"
GRADEBOOK = b"packerlab gradebook 1\n"
CERTIFICATE = b"packerlab certificate 1\n"
"""One of them stands before all that is signed, so that a signature means nothing elsewhere."""
READABLE_BY_OTHERS = 0o077


@dataclass(frozen=True)
class Key:
    """A course's key; without the private half, it can only check."""

    public: Ed25519PublicKey
    private: Ed25519PrivateKey | None = None

    @property
    def fingerprint(self) -> str:
        """What people compare: SHA-256 over the public half's 32 bytes, in Base64."""
        digest = hashlib.sha256(self.public.public_bytes_raw()).digest()
        return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"

    def sign(self, purpose: bytes, data: bytes) -> str:
        if self.private is None:
            raise MachineError(f"This course has no {PRIVATE}, so nothing can be signed here.")
        return base64.b64encode(self.private.sign(purpose + data)).decode()

    def signed(self, purpose: bytes, data: bytes, signature: str) -> bool:
        """Whether the signature of these bytes is this key's."""
        from cryptography.exceptions import InvalidSignature

        try:
            self.public.verify(base64.b64decode(signature, validate=True), purpose + data)
        except (InvalidSignature, ValueError):
            return False
        return True


def key_of(course: Path) -> Key | None:
    """The key of the course in a folder; None where it has none."""
    from cryptography.hazmat.primitives.asymmetric import ed25519
    from cryptography.hazmat.primitives.serialization import (
        load_pem_private_key,
        load_pem_public_key,
    )

    private, public = course / PRIVATE, course / PUBLIC
    if data := _content(private):
        if private.stat().st_mode & READABLE_BY_OTHERS:
            raise BadInputError(f"Other users may read {private}: `chmod 600` makes it yours.")
        half = _loaded(private, lambda: load_pem_private_key(data, None))
        if isinstance(half, ed25519.Ed25519PrivateKey):
            return Key(half.public_key(), half)
        raise BadInputError(f"{private} is no Ed25519 key: `packerlab key` makes one.")
    if data := _content(public):
        known = _loaded(public, lambda: load_pem_public_key(data))
        if isinstance(known, ed25519.Ed25519PublicKey):
            return Key(known)
        raise BadInputError(f"{public} is no Ed25519 key.")
    return None


def _content(path: Path) -> bytes:
    """A file's bytes; none where there is no such file."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise BadInputError(f"{path} can't be read: {error.strerror}.") from None


def _loaded(path: Path, load: Callable[[], object]) -> object:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return load()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadInputError(f"{path} is no key in PEM, as `packerlab key` writes it.") from None


def make_key(course: Path) -> Key:
    """Make the key of a course that has none."""
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    public = private.public_key()
    try:
        with os.fdopen(
            os.open(course / PRIVATE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
        ) as file:
            file.write(pem)
        (course / PUBLIC).write_bytes(
            public.public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
        )
    except OSError as error:
        raise BadInputError(f"{course / PRIVATE} can't be written: {error.strerror}.") from None
    return Key(public, private)
