"""The files of a box: laid out before a verb, collected after it, and wiped."""

from __future__ import annotations

import itertools
import json
import os
import stat
import subprocess
from typing import TYPE_CHECKING, Any

from packerlab.inside.errors import TooMuch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packerlab.inside.room import Room
    from packerlab.inside.search import Search

    Message = dict[str, Any]

HEADER = 1_000_000
BOX = "/run/box"
WORKSPACE = "/workspace"
HOME = "/home/packer"
MAX_FILES = 1_000
MAX_FILE_BYTES = 64_000_000
ARCHIVE = ".tar"
KINDS = {stat.S_IFLNK: "link", stat.S_IFIFO: "named pipe", stat.S_IFSOCK: "socket"}


def unpack(request: Message, files: list[tuple[str, bytes, int]]) -> Message:
    """Lay out a fresh box. The names were checked by the reader outside."""
    for folder in (WORKSPACE, "/tmp", HOME, "/shm"):
        os.makedirs(BOX + folder)
    write_text(f"{BOX}/stdin", request["stdin"])
    for name, data, mode in files:
        path = f"{BOX}{WORKSPACE}/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "xb") as file:
            file.write(data)
        os.chmod(path, mode)
    return {}


def wipe() -> Message:
    """Empty the box, and what else its user may leave: message queues, shared memory.

    A folder is moved to the top before it is emptied, so that no tree is too deep.
    """
    os.chmod(BOX, 0o755)
    fresh = (f"{BOX}/{os.urandom(8).hex()}" for _ in itertools.count())
    waiting = [path for path in (BOX, "/dev/mqueue") if os.path.isdir(path)]
    while waiting:
        folder = waiting.pop()
        for entry in list(os.scandir(folder)):
            if entry.is_dir(follow_symlinks=False):
                os.chmod(entry.path, 0o700)
                moved = next(fresh)
                os.rename(entry.path, moved)
                waiting.append(moved)
            else:
                os.unlink(entry.path)
        if folder.startswith(f"{BOX}/"):
            os.rmdir(folder)
    subprocess.run(["/usr/bin/ipcrm", "--all"], check=True, capture_output=True)
    return {}


def collect(outputs: list[str], search: Search, room: Room, *, archives: bool = True) -> Message:
    """The regular files below `outputs`, and the names and kinds of all else that is not a folder.

    Without `archives`, of a .tar the name alone. The whole workspace is searched. Every process of
    the verb is dead, so nothing moves while this reads.
    """
    files: list[list[Any]] = []
    data = []
    total = 0
    for name, path in itertools.islice(sorted(walk(outputs)), MAX_FILES + 1):
        status = os.lstat(path)
        if not stat.S_ISREG(status.st_mode):
            files.append([name, 0, False, KINDS.get(stat.S_IFMT(status.st_mode), "device")])
            continue
        if name.endswith(ARCHIVE) and not archives:
            files.append([name, 0, False, "container's archive"])
            continue
        total += status.st_size
        if total > MAX_FILE_BYTES:
            raise TooMuch("files")
        os.chmod(path, 0o600)
        with open(path, "rb") as file:
            content = file.read(status.st_size)
        files.append([name, len(content), bool(status.st_mode & 0o111), ""])
        data.append(content)
    if len(files) > MAX_FILES or len(json.dumps(files)) > HEADER // 2:
        raise TooMuch("files")
    if search:
        make_readable()
        search.tree("workspace", "", BOX + WORKSPACE, room)
    return {"files": files, "data": data, "found": search.found}


def make_readable() -> None:
    """Let the owner of the workspace read all of it: in `plain`, that is no root."""
    for _, path in walk([""]):
        if stat.S_ISREG(os.lstat(path).st_mode):
            os.chmod(path, 0o600)


def walk(outputs: list[str]) -> Iterator[tuple[str, str]]:
    """(name, path) of all below `outputs` that is not a folder, no link followed.

    An output without a name is the whole workspace.
    """
    os.chmod(BOX, 0o755)
    root = BOX + WORKSPACE
    waiting = [""] if os.path.isdir(root) and not os.path.islink(root) else []
    while waiting:
        folder = waiting.pop()
        os.chmod(root + folder, 0o700)
        for entry in list(os.scandir(root + folder)):
            name = f"{folder}/{entry.name}"
            wanted = any(not each or f"{name}/".startswith(f"/{each}/") for each in outputs)
            if not entry.is_dir(follow_symlinks=False):
                if wanted:
                    yield name[1:].encode(errors="replace").decode(), entry.path
            elif wanted or any(f"/{output}/".startswith(f"{name}/") for output in outputs):
                waiting.append(name)


def write_text(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def read_text(path: str) -> str:
    """A file's text, empty where it is not there (any more) or not for us."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
