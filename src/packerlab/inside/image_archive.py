"""What an archive of `docker save` or `docker export` holds, read as data and never unpacked.

Its bytes come from the box: headers are read one at a time, contents are kept within bounds, and
nothing is written anywhere. It runs in the supervisor: standard library only.
"""

from __future__ import annotations

import base64
import hashlib
import tarfile
from typing import TYPE_CHECKING, Any, NamedTuple

from packerlab.inside import disks, strict_json
from packerlab.inside.errors import TooMuch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    Message = dict[str, Any]

CHUNK = 1 << 20
BLOCK = tarfile.BLOCKSIZE
MAX_SYSTEM = 4_000
"""Bytes of a file below /usr whose content is told; programs are many and of no use to a grader."""

MAX_EXTENSION = 65_536
MAX_MEMBERS = 40_000
SAVED = "manifest.json"
EXTENSIONS = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)


class BadArchiveError(Exception):
    """Bytes that are no tar as an engine writes it."""


class Member(NamedTuple):
    """A name in an archive; its content where that is small, and the digest of any."""

    header: tarfile.TarInfo
    content: bytes | None
    digest: str


def read(file: IO[bytes]) -> Message:
    """`images` where it is what `docker save` writes, else the `entries` of a file system."""
    contents: dict[str, bytes] = {}
    digests: dict[str, str] = {}
    entries: list[Message] = []
    room = disks.MAX_CONTENTS
    try:
        for member in _members(file):
            name = member.header.name.removeprefix("./").strip("/")
            if member.content is not None and "/" not in name:
                contents[name] = member.content
            digests[name] = member.digest
            entry = _entry(member, f"/{name}", room)
            room -= len(entry.get("content", ""))
            entries.append(entry)
            if len(entries) > disks.MAX_ENTRIES:
                raise TooMuch
        if SAVED in contents:
            return {"images": _images(contents, digests), "entries": []}
    except BadArchiveError as error:
        return {"images": [], "entries": [], "trouble": str(error)}
    return {"images": [], "entries": [entry for entry in entries if entry["path"] != "/"]}


def settings(data: bytes) -> Message:
    """An image's JSON, of which its `config` and `history` are told."""
    try:
        whole = strict_json.read(data)
    except ValueError:
        return {}
    return whole if isinstance(whole, dict) else {}


def _images(contents: dict[str, bytes], digests: dict[str, str]) -> list[Message]:
    """The images of a saved archive: the digests are of the bytes that it holds."""
    try:
        listed = strict_json.read(contents[SAVED])
        return [
            {
                "id": digests[image["Config"]],
                "names": [str(name) for name in image["RepoTags"] or []],
                "settings": settings(contents[image["Config"]]),
                "layers": [f"sha256:{digests[layer]}" for layer in image["Layers"]],
            }
            for image in listed
        ]
    except (ValueError, KeyError, TypeError):
        raise BadArchiveError("its manifest.json does not fit what is in it") from None


def _entry(member: Member, path: str, room: int) -> Message:
    """A member as `disks.one` tells of a file."""
    header = member.header
    kind = "file" if header.isreg() or header.islnk() else "other"
    kind = "folder" if header.isdir() else "link" if header.issym() else kind
    told: Message = {
        "path": path.encode(errors="replace").decode(),
        "kind": kind,
        "mode": header.mode & 0o7777,
        "owner": header.uid,
        "group": header.gid,
        "size": header.size,
    }
    if kind == "link":
        told["target"] = header.linkname.encode(errors="replace").decode()
    if member.content is not None and is_told(path, len(member.content), room):
        told["content"] = base64.b64encode(member.content).decode()
    return told


def is_told(path: str, size: int, room: int) -> bool:
    """Whether a file's content is told, of a file system that is told as a whole."""
    system = path.startswith("/usr/") and not path.startswith("/usr/local/")
    most = min(MAX_SYSTEM if system else disks.MAX_CONTENT, room)
    return size <= most and not path.startswith(disks.UNTOLD)


def _members(file: IO[bytes]) -> Iterator[Member]:
    """Every member in order; raises BadArchiveError where the bytes are no tar."""
    fields: dict[str, str] = {}
    for _ in range(MAX_MEMBERS):
        block = file.read(BLOCK)
        if not block.strip(b"\0"):
            return
        header = _header(block)
        if header.type in EXTENSIONS:
            if header.size > MAX_EXTENSION:
                raise BadArchiveError("a header is too large")
            fields |= _fields(header.type, _taken(file, header.size))
            continue
        header.name = fields.get("path", header.name)
        header.linkname = fields.get("linkpath", header.linkname)
        if "size" in fields:
            header.size = _number(fields["size"])
        fields = {}
        yield _member(file, header)
    raise TooMuch


def _header(block: bytes) -> tarfile.TarInfo:
    try:
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError, OverflowError):
        raise BadArchiveError("it is no tar, or a damaged one") from None
    if header.size < 0 or header.type == tarfile.GNUTYPE_SPARSE:
        raise BadArchiveError("it holds a file of an unusual kind")
    return header


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 15:
        raise BadArchiveError("a size is no number")
    return int(text)


def _fields(kind: bytes, body: bytes) -> dict[str, str]:
    """What an extension says of the next member."""
    text = body.decode(errors="surrogateescape")
    if kind == tarfile.GNUTYPE_LONGNAME:
        return {"path": text.rstrip("\0")}
    if kind == tarfile.GNUTYPE_LONGLINK:
        return {"linkpath": text.rstrip("\0")}
    fields = {}
    at = 0
    while kind == tarfile.XHDTYPE and at < len(body):
        length = _number(body[at : at + 8].partition(b" ")[0].decode(errors="replace"))
        key, _, value = body[at : at + length].partition(b" ")[2].partition(b"=")
        if not length or at + length > len(body):
            raise BadArchiveError("an extended header is damaged")
        fields[key.decode(errors="replace")] = value[:-1].decode(errors="surrogateescape")
        at += length
    return fields


def _taken(file: IO[bytes], size: int) -> bytes:
    """`size` bytes, and past the padding behind them."""
    data = file.read(size)
    file.read(-size % BLOCK)
    if len(data) < size:
        raise BadArchiveError("it is cut off")
    return data


def _member(file: IO[bytes], header: tarfile.TarInfo) -> Member:
    """Pass over a member's bytes; they are kept where they are few, and hashed."""
    size = header.size if header.isreg() else 0
    if size <= disks.MAX_CONTENT:
        content = _taken(file, size) if size else b""
        kept = content if header.isreg() else None
        return Member(header, kept, hashlib.sha256(content).hexdigest())
    whole = hashlib.sha256()
    left = size
    while left:
        chunk = file.read(min(left, CHUNK))
        if not chunk:
            raise BadArchiveError("it is cut off")
        whole.update(chunk)
        left -= len(chunk)
    file.read(-size % BLOCK)
    return Member(header, None, whole.hexdigest())
