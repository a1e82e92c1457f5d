"""What a machine or an image has on its disk, read as data: nothing of it is run or followed.

It runs in the supervisor: standard library only. A disk is layers over the base (see `machines`);
what is reported is what the layers changed: every name, the digest of every file, and the contents
that there is room for, those first that checks ask for.
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packerlab.inside import syscalls
from packerlab.inside.machines import BASE, FOLDER, SHIFT
from packerlab.inside.search import CHUNK, no_link

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packerlab.inside.room import Room

MAX_CONTENT = 1_000_000
MAX_SYSTEM = 8_000_000
"""Bytes of a file whose content is reported, and of one of those that say what a system is."""

OPAQUE = "user.overlay.opaque"
"""What a folder of a layer has where it hides the one below, instead of adding to it."""

FIRST = frozenset(
    ("/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", "/var/lib/dpkg/status")
)
PROGRAMS = ("/usr/", "/var/cache/", "/var/lib/", "/var/log/", "/boot/")
AS_LARGE = 16
"""What says what a system is, and below which folders packages put so much that no check asks for:
a file there waits as one would that is so many times as large."""

KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}


def of_image(layers: list[str], room: Room) -> list[dict[str, Any]]:
    """The changes of an image, which is layers and the base below them."""
    if layers == [BASE]:
        return []
    view = f"{FOLDER}/view"
    Path(view).mkdir(exist_ok=True)
    options = f"lowerdir={':'.join(layers)},userxattr"
    syscalls.mount("overlay", view, "overlay", syscalls.MS_RDONLY, options)
    try:
        return changes(view, layers, room)
    finally:
        syscalls.unmount(view)


def changes(root: str, layers: list[str], room: Room, base: str = BASE) -> list[dict[str, Any]]:
    """All that layers above the base added, changed or removed, by path, as `root` shows it.

    `base` is empty where they stand on none.
    """
    names: set[str] = set()
    for name in itertools.chain(*(touched(layer, base) for layer in layers if layer != base)):
        if name not in names:
            names.add(name)
            room.take("entries", 1)
    return entries(root, sorted(names), room, base)


def touched(layer: str, base: str) -> Iterator[str]:
    """The names that a layer adds or changes, and those of the base that it hides."""
    for name in walk(layer):
        yield name
        below = base + name
        if base and is_opaque(layer + name) and is_own(below) and os.path.isdir(below):
            yield from (name + hidden for hidden in walk(below))


def is_opaque(path: str) -> bool:
    try:
        return bool(os.getxattr(path, OPAQUE, follow_symlinks=False))
    except OSError:
        return False


def is_own(path: str) -> bool:
    """Whether no link lies on the way to a path of the base: it would lead out of the base."""
    return os.path.realpath(path) == path


def of_base(name: str, base: str = BASE) -> dict[str, Any]:
    """One entry of the base, with its content."""
    if not is_own(os.path.dirname(base + name)):
        return {"path": name, "kind": "gone"}
    told = one(base, name)
    if told["kind"] == "file":
        add_content(told, *read(base + name, MAX_SYSTEM))
    return told


def walk(root: str) -> Iterator[str]:
    """The names of all below `root`, as its machine sees them, no link followed."""
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        with os.scandir(root + folder) as listed:
            for entry in listed:
                name = f"{folder}/{entry.name}"
                yield name
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(name)


def entries(root: str, names: list[str], room: Room, base: str = "") -> list[dict[str, Any]]:
    """What is at `names` below `root`, folders before what is in them.

    What a lower layer has in a folder that a higher one made a link is not there: it is not looked
    for, or the link would be followed. Where a file is as the base has it, that is reported instead
    of its content.
    """
    folders = {""}
    found = []
    files = []
    for name in names:
        if name.rpartition("/")[0] not in folders:
            continue
        told = one(root, name)
        room.take("names", len(name) + len(told.get("target", "")))
        found.append(told)
        if told["kind"] == "folder":
            folders.add(name)
        elif told["kind"] == "file":
            files.append((name, told))
    for name, told in in_order(files):
        room.take("bytes", told["size"])
        digest, content = read(root + name, most(name, room))
        if base and is_as_below(base + name, told["size"], digest):
            told |= {"sha256": digest, "as_base": True}
        else:
            add_content(told, digest, content)
            room.told -= len(told.get("content", ""))
    return found


def in_order(files: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Files in the order in which their contents are reported: small ones before large ones."""

    def importance(file: tuple[str, Any]) -> tuple[bool, int, str]:
        name, told = file
        packed = name.startswith(PROGRAMS) and not name.startswith("/usr/local/")
        return name not in FIRST, told["size"] * (AS_LARGE if packed else 1), name

    return sorted(files, key=importance)


def most(name: str, room: Room) -> int:
    """How large a file may be so that its content is reported."""
    return min(MAX_SYSTEM if name in FIRST else MAX_CONTENT, room.told * 3 // 4)


def one(root: str, name: str) -> dict[str, Any]:
    """One entry: path, kind, mode, owner, group, size, target of a link."""
    path = root + name
    told: dict[str, Any] = {"path": name.encode(errors="replace").decode()}
    try:
        status = os.lstat(path)
    except OSError:
        return {**told, "kind": "gone"}
    kind = KINDS.get(stat.S_IFMT(status.st_mode), "other")
    told |= {
        "kind": kind,
        "mode": stat.S_IMODE(status.st_mode),
        "owner": status.st_uid - SHIFT if status.st_uid >= SHIFT else 65_534,
        "group": status.st_gid - SHIFT if status.st_gid >= SHIFT else 65_534,
        "size": status.st_size,
    }
    if kind == "link":
        told["target"] = os.readlink(path).encode(errors="replace").decode()
    return told


def read(path: str, keep: int) -> tuple[str, bytes | None]:
    """A file's digest, and its content where that is no more than `keep` bytes."""
    digest = hashlib.sha256()
    content: bytes | None = b""
    with open(path, "rb", opener=no_link) as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            fits = content is not None and len(content) + len(chunk) <= keep
            content = content + chunk if fits and content is not None else None
    return digest.hexdigest(), content


def add_content(told: dict[str, Any], digest: str, content: bytes | None) -> None:
    """Have an entry tell what `read` gave."""
    told["sha256"] = digest
    if content is not None:
        told["content"] = base64.b64encode(content).decode()


def is_as_below(path: str, size: int, digest: str) -> bool:
    """Whether the base has a file of this size and digest at a path."""
    try:
        same_size = is_own(path) and os.lstat(path).st_size == size and os.path.isfile(path)
    except OSError:
        return False
    return same_size and read(path, 0)[0] == digest
