"""What a tar holds, member by member: its headers are read one at a time, and nothing is unpacked.

It is the one reader of tars: of those that are handed in, and of those that a container engine
wrote in a box. It runs in the supervisor too: standard library only.
"""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

BLOCK = tarfile.BLOCKSIZE
MAX_EXTENSIONS = 2_000_000
"""Bytes of long names and attributes in one tar."""

WITHOUT_DATA = (
    tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.DIRTYPE,
    tarfile.FIFOTYPE,
)  # fmt: skip
ATTRIBUTES = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE)
LONG = {tarfile.GNUTYPE_LONGNAME: b"path", tarfile.GNUTYPE_LONGLINK: b"linkpath"}
EXTENSIONS = (*ATTRIBUTES, tarfile.XGLTYPE, *LONG)


class BadTarError(Exception):
    """Bytes that are no tar as programs write it: the text says why, and no more than that."""


class SparseError(BadTarError):
    """It holds a file with gaps."""


class CrowdedError(Exception):
    """It has more headers than are read."""


class Member(NamedTuple):
    """A name in a tar, as it is written there, and where its bytes are.

    The header's link and size are those that its extensions say; `size` is 0 where it has no bytes.
    """

    header: tarfile.TarInfo
    name: bytes
    start: int
    size: int


def members(file: IO[bytes], most: int) -> Iterator[Member]:
    """Every member in order, of at most so many headers. `file` may be used between two of them.

    Raises BadTarError or CrowdedError.
    """
    length = file.seek(0, io.SEEK_END)
    said: dict[bytes, bytes] = {}
    extra = at = 0
    for _ in range(most):
        file.seek(at)
        block = file.read(BLOCK)
        if not block.strip(b"\0"):
            return
        header = _header(block)
        start = at + BLOCK
        is_extension = header.type in EXTENSIONS
        if not is_extension and b"size" in said:
            header.size = _number(said[b"size"])
        size = 0 if header.type in WITHOUT_DATA else header.size
        if not 0 <= size <= length - start:
            raise BadTarError("it is truncated")
        at = start + -(-size // BLOCK) * BLOCK
        if is_extension:
            extra += size
            if extra > MAX_EXTENSIONS:
                raise BadTarError("too many attributes")
            said |= _extension(header.type, file.read(size))
            continue
        if b"linkpath" in said:
            header.linkname = said[b"linkpath"].decode(errors="surrogateescape")
        name = said.get(b"path") or header.name.encode(errors="surrogateescape")
        said = {}
        yield Member(header, name, start, size)
    raise CrowdedError


def _header(block: bytes) -> tarfile.TarInfo:
    try:
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError, OverflowError):
        raise BadTarError("it is damaged, or is not what its name says") from None
    if header.type == tarfile.GNUTYPE_SPARSE:
        raise SparseError("it holds a sparse file")
    return header


def _extension(kind: bytes, body: bytes) -> dict[bytes, bytes]:
    """What an extension says of the next member."""
    if kind in LONG:
        return {LONG[kind]: body.rstrip(b"\0")}
    return dict(_attributes(body)) if kind in ATTRIBUTES else {}


def _attributes(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The records of an extended header: `27 path=...`, a line break, and so on."""
    at = 0
    while at < len(body):
        digits = body[at : at + 8].partition(b" ")[0]
        end = at + int(digits) if digits.isdigit() else at
        key, _, value = body[at + len(digits) + 1 : end].partition(b"=")
        if not key or end > len(body) or not value.endswith(b"\n"):
            raise BadTarError("a bad extended header")
        if key.startswith(b"GNU.sparse."):
            raise SparseError("it holds a sparse file")
        yield key, value[:-1]
        at = end


def _number(digits: bytes) -> int:
    if not digits.isdigit() or len(digits) > 15:
        raise BadTarError("a bad extended header")
    return int(digits)
