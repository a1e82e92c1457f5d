"""What an archive holds, listed: zips and tars, untrusted, read in memory and never unpacked.

They are read as the systems that make them mean them: names in older encodings, backslashes between
folders, a file that was added twice.
"""

from __future__ import annotations

import bz2
import io
import lzma
import stat
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

from packerlab.errors import RejectedError
from packerlab.inside import tars
from packerlab.submissions.names import decoded
from packerlab.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ARCHIVE_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")

MAX_ENTRIES = 10_000
"""Names in one handed-in entry, passed-over ones included."""
TOO_MANY = f"more than {MAX_ENTRIES} files."
MAX_ARCHIVE_BYTES = 64_000_000
MAX_EXPANDED_BYTES = 256_000_000
MAX_COPIES = 10
"""Of one file in one archive."""
DAMAGED = "it is damaged, or is not what its name says."
"""All that is said of it: what Python's own readers say differs between its versions."""
MAX_RATIO = 100
"""How many times its size an archive, or a file in it, may expand to."""

KINDS = {stat.S_IFLNK: "link", stat.S_IFIFO: "named pipe", stat.S_IFSOCK: "socket"}
"""What a name in a tree can be, besides a folder and a regular file."""


class Entry(NamedTuple):
    """A name in an untrusted tree, not yet read. `kind` is empty for a regular file."""

    name: str
    size: int
    packed: int
    kind: str
    executable: bool
    read: Callable[[int], bytes]


def in_memory(name: str, data: bytes, *, executable: bool = False, kind: str = "") -> Entry:
    """An entry whose bytes are here already."""
    return Entry(name, len(data), len(data), kind, executable, lambda _: data)


def archive_entries(name: str, data: bytes) -> list[Entry]:
    """List a zip, or a tar by its name's ending compressed or not."""
    return listed(name, expanded(name, data))


def listed(name: str, data: bytes) -> list[Entry]:
    """List a zip, or a tar that was expanded."""
    return _once(_zip(data) if name.lower().endswith(".zip") else _tar(data))


def is_archive(name: str) -> bool:
    """Whether a file of this name is taken for an archive."""
    return name.lower().endswith(ARCHIVE_SUFFIXES)


def _once(entries: list[Entry]) -> list[Entry]:
    """One entry for a file that was added again unchanged; where copies differ, all of them."""
    copies: dict[str, list[Entry]] = {}
    for entry in entries:
        copies.setdefault(entry.name, []).append(entry)
    return [
        entry
        for same in copies.values()
        for entry in ([_all_equal(same)] if _may_be_equal(same) else same)
    ]


def _may_be_equal(copies: list[Entry]) -> bool:
    return len(copies) <= MAX_COPIES and len({entry.kind for entry in copies}) == 1


def _all_equal(copies: list[Entry]) -> Entry:
    """The file that these are, which is refused when it is read if they are not one."""
    first, *others = copies

    def read(limit: int) -> bytes:
        data = first.read(limit)
        if any(other.read(limit) != data for other in others):
            raise RejectedError(f"{visible(first.name)} is there twice, with different content.")
        return data

    return first._replace(read=read) if others else first


def _zip(data: bytes) -> list[Entry]:
    if data.count(_ZIP_DIRECTORY_ENTRY) > MAX_ENTRIES:  # before `zipfile` reads each of them
        raise RejectedError(TOO_MANY)
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _ZIP_ERRORS:
        raise RejectedError(f"not a readable zip: {DAMAGED}") from None
    infos = archive.infolist()
    if sum(info.compress_size for info in infos) > len(data):
        raise RejectedError("not a readable zip: its entries overlap.")
    names = _zip_names(infos)
    return [
        _zip_entry(archive, info, name)
        for info, name in zip(infos, names, strict=True)
        if not name.endswith("/")
    ]


def _zip_names(infos: list[zipfile.ZipInfo]) -> list[str]:
    """The names, with `/` between folders: a backslash is what some Windows programs write."""
    raw = [
        info.orig_filename.encode("utf-8" if info.flag_bits & _ZIP_UTF8 else "cp437")
        for info in infos  # `filename` is cut at a NUL
    ]
    return [name.replace("\\", "/") for name in decoded(raw)]


_ZIP_UTF8 = 0x800


_ZIP_DIRECTORY_ENTRY = b"PK\x01\x02"
_ZIP_ERRORS = (
    zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, ValueError, OverflowError,
    RuntimeError,
)  # fmt: skip
"""What `zipfile` raises on what is no zip, or a damaged one."""


def _zip_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> Entry:
    mode = info.external_attr >> 16
    kind = ""
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        kind = KINDS.get(stat.S_IFMT(mode), "device")
    elif info.flag_bits & 0x1:
        kind = "file with a password"
    elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        kind = "file packed in an unusual way"

    def read(limit: int) -> bytes:
        try:
            with archive.open(info) as stream:
                return stream.read(limit + 1)
        except _ZIP_ERRORS:
            raise RejectedError(f"{visible(name)} can't be unpacked: {DAMAGED}") from None

    return Entry(name, info.file_size, info.compress_size, kind, bool(mode & 0o111), read)


def expanded(name: str, data: bytes, most: int = MAX_EXPANDED_BYTES) -> bytes:
    """A compressed tar's one stream, expanded no further than it may be; another file as it is."""
    name = name.lower()
    most = min(most, len(data) * MAX_RATIO + 100_000)
    stream: Any
    if name.endswith((".gz", ".tgz")):
        stream = zlib.decompressobj(wbits=31)
    elif name.endswith(".bz2"):
        stream = bz2.BZ2Decompressor()
    elif name.endswith(".xz"):
        stream = lzma.LZMADecompressor(memlimit=128_000_000)
    else:
        return data
    try:
        whole: bytes = stream.decompress(data, max_length=most + 1)
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
        raise RejectedError(f"can't be unpacked: {DAMAGED}") from None
    if len(whole) > most:
        raise RejectedError(f"expands to more than {MAX_RATIO} times its size.")
    if not stream.eof:
        raise RejectedError("can't be unpacked: it is truncated.")
    if stream.unused_data.strip(b"\0"):
        raise RejectedError("can't be unpacked: it holds more than one compressed stream.")
    return whole


def _tar(data: bytes) -> list[Entry]:
    found = [member for member in _members(data) if not member.header.isdir()]
    if len(found) > MAX_ENTRIES:
        raise RejectedError(TOO_MANY)
    names = decoded([member.name for member in found])
    return [
        _tar_entry(member, name.removeprefix("./"), data)
        for member, name in zip(found, names, strict=True)
    ]


def _members(data: bytes) -> Iterator[tars.Member]:
    """The members of a tar, of which each may have two headers of attributes."""
    try:
        yield from tars.members(io.BytesIO(data), 3 * MAX_ENTRIES)
    except tars.SparseError as error:
        raise RejectedError(f"{error}; pack without --sparse.") from None
    except tars.BadTarError as error:
        raise RejectedError(f"not a readable tar: {error}.") from None
    except tars.CrowdedError:
        raise RejectedError(TOO_MANY) from None


def _tar_entry(member: tars.Member, name: str, data: bytes) -> Entry:
    header, _, start, size = member
    kind = ""
    if header.issym():
        kind = "link"
    elif header.islnk():
        kind = "hard link"
    elif header.isfifo():
        kind = "named pipe"
    elif not header.isreg():
        kind = "device"
    return Entry(
        name, size, size, kind, bool(header.mode & 0o111),
        lambda limit: data[start : start + min(size, limit + 1)],
    )  # fmt: skip
