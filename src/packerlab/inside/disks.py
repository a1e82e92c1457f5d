"""What a machine or an image has on its disk, read as data: nothing of it is run or followed.

It runs in the supervisor: standard library only. A disk is layers over the base (see `machines`);
what is told is what the layers changed.
"""

from __future__ import annotations

import base64
import itertools
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packerlab.inside import syscalls
from packerlab.inside.errors import TooMuch
from packerlab.inside.machines import BASE, FOLDER, SHIFT

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_ENTRIES = 20_000
MAX_CONTENT = 256_000
MAX_CONTENTS = 16_000_000
"""Bytes of one file's content, and of all; of a larger file only the size is told."""

MAX_TEXT = 4_000_000
"""Characters of all paths and of all links' targets."""

OPAQUE = "user.overlay.opaque"
"""What a folder of a layer has where it hides the one below, instead of adding to it."""

UNTOLD = ("/dev/", "/proc/", "/run/", "/tmp/", "/var/cache/apt/", "/var/lib/apt/lists/")
"""Below these, contents are of no use to a grader."""

KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}


def of_image(layers: list[str]) -> list[dict[str, Any]]:
    """The changes of an image, which is layers and the base below them."""
    if layers == [BASE]:
        return []
    view = f"{FOLDER}/view"
    Path(view).mkdir(exist_ok=True)
    options = f"lowerdir={':'.join(layers)},userxattr"
    syscalls.mount("overlay", view, "overlay", syscalls.MS_RDONLY, options)
    try:
        return changes(view, layers)
    finally:
        syscalls.unmount(view)


def changes(root: str, layers: list[str], base: str = BASE) -> list[dict[str, Any]]:
    """All that layers above the base added, changed or removed, by path, as `root` shows it.

    `base` is empty where they stand on none.
    """
    names: set[str] = set()
    try:
        for name in itertools.chain(*(touched(layer, base) for layer in layers if layer != base)):
            names.add(name)
            if len(names) > MAX_ENTRIES:
                raise TooMuch
    except OSError:  # a tree so deep that no path reaches its end
        raise TooMuch from None
    return list(entries(root, sorted(names)))


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
    """One entry of the base."""
    if not is_own(os.path.dirname(base + name)):
        return {"path": name, "kind": "gone"}
    return one(base, name, MAX_CONTENT)


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


def entries(root: str, names: list[str]) -> Iterator[dict[str, Any]]:
    """What is at `names` below `root`, folders before what is in them.

    What a lower layer has in a folder that a higher one made a link is not there: it is not looked
    for, or the link would be followed.
    """
    folders = {""}
    room, text = MAX_CONTENTS, MAX_TEXT
    for name in names:
        if name.rpartition("/")[0] in folders:
            entry = one(root, name, room)
            room -= len(entry.get("content", ""))
            text -= len(name) + len(entry.get("target", ""))
            if text < 0:
                raise TooMuch
            if entry["kind"] == "folder":
                folders.add(name)
            yield entry


def one(root: str, name: str, room: int) -> dict[str, Any]:
    """One entry: path, kind, mode, owner, group, size, target of a link, content (base64)."""
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
    small = status.st_size <= min(MAX_CONTENT, room)
    if kind == "file" and small and not name.startswith(UNTOLD):
        with open(path, "rb", opener=_no_link) as file:
            told["content"] = base64.b64encode(file.read(MAX_CONTENT)).decode()
    return told


def _no_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
