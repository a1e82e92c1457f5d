"""What a run in a sandbox changed in a workspace, and how that comes home.

What comes back was made by untrusted programs: each file is taken like a file of a submission, and
what is no learner's work (a link, a name that acts, a hidden file that was not there before) stays
behind. Nothing is written through a link, or over what was changed here meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from packerlab.errors import RejectedError
from packerlab.submissions.leftovers import MARKER, leftover_in
from packerlab.submissions.reader import HCL_SUFFIXES, WORKSPACE, folded_name, take
from packerlab.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from packerlab.submissions.archives import Entry
    from packerlab.submissions.reader import File, Files

NO_FILE = b"\0no file of a workspace"
THEIRS = ".from-sandbox"
"""What is added to the name of a file that was changed here and there."""


@dataclass
class Changes:
    """`before` is the workspace that a run began with; the rest is what it made of it.

    `left_out` says of what stays behind why.
    """

    before: Files
    written: Files = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """What to tell about them."""
        told = []
        for name, file in self.written.items():
            word = "changed" if name in self.before else "new"
            told.append(f"{word}: {visible(name)} ({len(file.data)} bytes)")
        told += [f"removed: {visible(name)}" for name in self.removed]
        told += [f"left behind: {reason}" for reason in self.left_out.values()]
        return told


def changes(before: Files, entries: Iterable[Entry], *, ignored: Iterable[str] = ()) -> Changes:
    """What a run made of the workspace `before`, where `entries` lie in it now."""
    found = Changes(before)
    after: Files = {}
    seen: set[str] = set()
    for entry in sorted(entries, key=lambda each: (each.name not in before, each.size, each.name)):
        seen.add(entry.name)
        if entry.name in ignored or _is_no_work(entry.name, before):
            continue
        try:
            file = _taken(entry, after)
        except RejectedError as error:
            found.left_out[entry.name] = str(error)
            continue
        after[entry.name] = file
        if before.get(entry.name) != file:
            found.written[entry.name] = file
    found.removed = [name for name in before if name not in seen and name not in ignored]
    return found


def _is_no_work(name: str, before: Files) -> bool:
    """Whether a file is a tool's and no learner's: a new hidden one may act by being there."""
    parts = name.split("/")
    hidden = any(part.startswith(".") and part.strip(".") for part in parts)
    return (
        (hidden and name not in before)
        or bool(leftover_in(name))
        or name.rpartition("/")[2] == MARKER
    )


def _taken(entry: Entry, after: Files) -> File:
    """One file more of a workspace, within the caps of one; raises RejectedError."""
    shown = visible(entry.name[:120])
    if entry.kind:
        raise RejectedError(f"{shown} is a {entry.kind}; only files come back.")
    ((name, file),) = take([entry], WORKSPACE).items()
    names = {folded_name(other) for other in after}
    above = {folded_name(parent.as_posix()) for parent in PurePosixPath(name).parents}
    if folded_name(name) in names or name != entry.name:
        raise RejectedError(f"{shown}: there is another of this name on some disks.")
    if above & names:
        raise RejectedError(f"{shown}: there is a file where its folder should be.")
    if len(after) >= WORKSPACE.files:
        raise RejectedError(f"{shown}: more than {WORKSPACE.files} files in a workspace.")
    whole = {**after, name: file}
    if sum(len(each.data) for each in whole.values()) > WORKSPACE.size:
        raise RejectedError(f"{shown}: more than {WORKSPACE.size} bytes in a workspace.")
    hcl = sum(len(each.data) for key, each in whole.items() if key.endswith(HCL_SUFFIXES))
    if hcl > WORKSPACE.hcl:
        raise RejectedError(f"{shown}: more than {WORKSPACE.hcl} bytes of HCL in a workspace.")
    return file


# --- into the workspace ---------------------------------------------------------------------------


def bring_home(root: Path, found: Changes) -> list[str]:
    """Write what was changed into the workspace at `root`; what to tell of what did not go well."""
    troubles = []
    for name in found.removed:
        try:
            with _folder_of(root, name, make=False) as folder:
                if _read(folder, _base(name)) == found.before[name].data:
                    os.unlink(_base(name), dir_fd=folder)
                else:
                    troubles.append(f"{visible(name)} stays: it was changed here meanwhile.")
        except OSError:  # it is gone here too
            continue
        _remove_empty(root, name)
    for name, file in found.written.items():
        try:
            if trouble := _write(root, name, file, found.before.get(name)):
                troubles.append(trouble)
        except OSError as error:
            troubles.append(f"{visible(name)} can't be written: {error.strerror}.")
    return troubles


def _write(root: Path, name: str, file: File, before: File | None) -> str:
    """Write one file, or beside it where ours is another one than the run began with."""
    with _folder_of(root, name, make=True) as folder:
        here = _read(folder, _base(name))
        if here in (before.data if before else None, file.data):
            _replace(folder, _base(name), file)
            return ""
        _replace(folder, _base(name) + THEIRS, file)
        shown = visible(name)
        return f"{shown} stays: it was changed here meanwhile. The sandbox's is {shown}{THEIRS}."


@contextlib.contextmanager
def _folder_of(root: Path, name: str, *, make: bool) -> Iterator[int]:
    """A descriptor of the folder that a file lies in, with no link followed below the root."""
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in PurePosixPath(name).parent.parts:
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, dir_fd=folder)
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
            below = os.open(part, flags, dir_fd=folder)
            os.close(folder)
            folder = below
        yield folder
    finally:
        os.close(folder)


def _base(name: str) -> str:
    return PurePosixPath(name).name


def _read(folder: int, name: str) -> bytes | None:
    """A regular file's content, None where there is nothing; of all else, what no file has."""
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode) or status.st_size > WORKSPACE.size:
        return NO_FILE
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    with os.fdopen(fd, "rb") as stream:
        return stream.read(WORKSPACE.size + 1)


def _replace(folder: int, name: str, file: File) -> None:
    """Replace a file as a whole, or not at all; one that is there keeps its rights."""
    try:
        mode = stat.S_IMODE(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        mode = 0o644
    mode = mode | 0o111 if file.executable else mode & ~0o111
    beside = f".{secrets.token_hex(8)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    fd = os.open(beside, flags, 0o600, dir_fd=folder)
    try:
        with os.fdopen(fd, "wb") as stream:
            stream.write(file.data)
            os.fchmod(stream.fileno(), mode)
        os.rename(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside, dir_fd=folder)
        raise


def _remove_empty(root: Path, name: str) -> None:
    """Remove the folders that are empty now."""
    for parent in list(PurePosixPath(name).parents)[:-1]:
        try:
            with _folder_of(root, parent.as_posix(), make=False) as folder:
                os.rmdir(parent.name, dir_fd=folder)
        except OSError:
            return
