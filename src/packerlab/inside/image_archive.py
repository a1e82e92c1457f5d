"""What an archive of `docker save` or `docker export` holds, read as data and never unpacked.

Its bytes come from the box: contents are reported within bounds, and nothing is written anywhere.
It runs in the supervisor: standard library only.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

from packerlab.inside import disks, strict_json, tars
from packerlab.inside.errors import TooMuch
from packerlab.inside.search import CHUNK
from packerlab.inside.tars import BadTarError

if TYPE_CHECKING:
    import tarfile
    from collections.abc import Iterator
    from typing import IO

    from packerlab.inside.room import Room

    Message = dict[str, Any]

MAX_JSON = 1_000_000
MAX_HEADERS = 40_000
SAVED = "manifest.json"


class Member(NamedTuple):
    """A name in an archive, where its bytes are, and their digest: of a file, else of none."""

    header: tarfile.TarInfo
    name: str
    start: int
    size: int
    digest: str


def read(file: IO[bytes], room: Room) -> Message:
    """`images` where it is what `docker save` writes, else the `entries` of a file system."""
    members: dict[str, Member] = {}
    entries: list[Message] = []
    try:
        for member in _members(file, room):
            if member.header.islnk():  # its bytes came before
                first = members.get(_name(member.header.linkname), member)
                member = first._replace(header=member.header, name=member.name)  # noqa: PLW2901
            members[member.name] = member
            entries.append(_entry(member))
            room.take("entries", 1)
            room.take("names", len(member.name) + len(member.header.linkname))
        if SAVED in members:
            return {"images": _images(file, members), "entries": []}
    except BadTarError as error:
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
        raise BadTarError("its manifest.json does not fit what is in it") from None


def _content(file: IO[bytes], member: Member, most: int) -> bytes:
    """A member's bytes, where these are few enough."""
    if member.size > most:
        raise BadTarError("its settings are too large")
    file.seek(member.start)
    return file.read(member.size)


def _entry(member: Member) -> Message:
    """A member as `disks.one` tells of a file."""
    header = member.header
    kind = "file" if header.isreg() or header.islnk() else "other"
    kind = "folder" if header.isdir() else "link" if header.issym() else kind
    told: Message = {
        "path": f"/{member.name}".encode(errors="replace").decode(),
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
    """Every member in order, with the digest of its bytes."""
    try:
        for member in tars.members(file, MAX_HEADERS):
            size = member.size if member.header.isreg() else 0
            room.take("bytes", size)
            name = _name(member.name.decode(errors="surrogateescape"))
            digest = _digest(file, member.start, size)
            yield Member(member.header, name, member.start, size, digest)
    except tars.CrowdedError:
        raise TooMuch("entries") from None


def _digest(file: IO[bytes], start: int, size: int) -> str:
    whole = hashlib.sha256()
    file.seek(start)
    while chunk := file.read(min(size, CHUNK)):
        whole.update(chunk)
        size -= len(chunk)
    return whole.hexdigest()
