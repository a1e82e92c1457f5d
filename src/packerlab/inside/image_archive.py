"""What an archive of `docker save` or `docker export` holds, read as data and never unpacked.

Its bytes come from the box: headers are read one at a time, contents are reported within bounds,
and nothing is written anywhere. It runs in the supervisor: standard library only.
"""

from __future__ import annotations

import hashlib
import tarfile
from typing import TYPE_CHECKING, Any, NamedTuple

from packerlab.inside import disks, strict_json
from packerlab.inside.errors import TooMuch
from packerlab.inside.search import CHUNK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from packerlab.inside.room import Room

    Message = dict[str, Any]

BLOCK = tarfile.BLOCKSIZE
MAX_JSON = 1_000_000
MAX_EXTENSION = 65_536
MAX_MEMBERS = 40_000
SAVED = "manifest.json"
EXTENSIONS = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)


class BadArchiveError(Exception):
    """Bytes that are no tar as an engine writes it."""


class Member(NamedTuple):
    """A name in an archive, where its bytes are, and their digest: of a file, else of none."""

    header: tarfile.TarInfo
    start: int
    size: int
    digest: str


def read(file: IO[bytes], room: Room) -> Message:
    """`images` where it is what `docker save` writes, else the `entries` of a file system."""
    members: dict[str, Member] = {}
    entries: list[Message] = []
    try:
        for member in _members(file, room):
            name = _name(member.header.name)
            if member.header.islnk():  # its bytes came before
                first = members.get(_name(member.header.linkname), member)
                member = first._replace(header=member.header)  # noqa: PLW2901
            members[name] = member
            entries.append(_entry(member, f"/{name}"))
            room.take("entries", 1)
            room.take("names", len(name) + len(member.header.linkname))
        if SAVED in members:
            return {"images": _images(file, members), "entries": []}
    except BadArchiveError as error:
        return {"images": [], "entries": [], "trouble": str(error)}
    _add_contents(file, members, entries, room)
    return {"images": [], "entries": [entry for entry in entries if entry["path"] != "/"]}


def _name(name: str) -> str:
    return name.removeprefix("./").strip("/")


def settings(data: bytes) -> Message:
    """An image's JSON, of which its `config` and `history` are reported."""
    try:
        whole = strict_json.read(data)
    except ValueError:
        return {}
    return whole if isinstance(whole, dict) else {}


def _images(file: IO[bytes], members: dict[str, Member]) -> list[Message]:
    """The images of a saved archive: the digests are of the bytes that it holds."""
    try:
        listed = strict_json.read(_content(file, members[SAVED], MAX_JSON))
        return [
            {
                "id": members[image["Config"]].digest,
                "names": [str(name) for name in image["RepoTags"] or []],
                "settings": settings(_content(file, members[image["Config"]], MAX_JSON)),
                "layers": [f"sha256:{members[layer].digest}" for layer in image["Layers"]],
            }
            for image in listed
        ]
    except (ValueError, KeyError, TypeError):
        raise BadArchiveError("its manifest.json does not fit what is in it") from None


def _content(file: IO[bytes], member: Member, most: int) -> bytes:
    """A member's bytes, where these are few enough."""
    if member.size > most:
        raise BadArchiveError("its settings are too large")
    file.seek(member.start)
    return file.read(member.size)


def _entry(member: Member, path: str) -> Message:
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
        "size": member.size,
    }
    if kind == "file":
        told["sha256"] = member.digest
    if kind == "link":
        told["target"] = header.linkname.encode(errors="replace").decode()
    return told


def _add_contents(
    file: IO[bytes], members: dict[str, Member], entries: list[Message], room: Room
) -> None:
    """Have the files of a file system tell their contents, those first that checks ask for."""
    files = [(entry["path"], entry) for entry in entries if entry["kind"] == "file"]
    for path, entry in disks.in_order(files):
        member = members.get(path[1:])
        if member and member.size <= disks.most(path, room):
            content = _content(file, member, member.size)
            disks.add_content(entry, member.digest, content)
            room.told -= len(entry["content"])


def _members(file: IO[bytes], room: Room) -> Iterator[Member]:
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
        yield _member(file, header, room)
    raise TooMuch("entries")


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


def _member(file: IO[bytes], header: tarfile.TarInfo, room: Room) -> Member:
    """Pass over a member's bytes, and hash them."""
    start = file.tell()
    size = left = header.size if header.isreg() else 0
    room.take("bytes", size)
    whole = hashlib.sha256()
    while left:
        chunk = file.read(min(left, CHUNK))
        if not chunk:
            raise BadArchiveError("it is cut off")
        whole.update(chunk)
        left -= len(chunk)
    file.read(-size % BLOCK)
    return Member(header, start, size, whole.hexdigest())
