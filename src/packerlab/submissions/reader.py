"""The one bounded reader for untrusted trees: folders, zips, tars, single files, a box's output.

Nothing here ever writes. A tree becomes a mapping of relative POSIX names to bytes, or is refused
with one sentence (`RejectedError`; a `MachineError` where the machine can't read it). Links,
devices, absolute or escaping names, two names that one disk could not hold, and anything over the
caps are refused, before it is read.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
import unicodedata
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from packerlab.errors import MachineError, RejectedError
from packerlab.submissions.archives import (
    KINDS,
    MAX_ARCHIVE_BYTES,
    MAX_ENTRIES,
    MAX_RATIO,
    Entry,
    archive_entries,
    is_archive,
)
from packerlab.submissions.leftovers import is_leftover
from packerlab.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

PACKER_PROGRAM = re.compile(
    r"(packer-(builder|provisioner|post-processor|datasource|plugin)-.*|\.packer\.d|\.packerconfig)",
    re.DOTALL,
)
TEMPLATE_SUFFIXES = (".pkr.hcl", ".pkr.json")
HCL_SUFFIXES = (*TEMPLATE_SUFFIXES, ".pkrvars.hcl", ".pkrvars.json")


class Caps(NamedTuple):
    """Bounds on one tree: file count, bytes in all and of HCL, folder depth, expansion ratio."""

    files: int
    size: int
    hcl: int
    depth: int
    ratio: int
    name: int = 200


WORKSPACE = Caps(files=100, size=4_000_000, hcl=128_000, depth=8, ratio=MAX_RATIO)
EVIDENCE = Caps(files=1_000, size=64_000_000, hcl=64_000_000, depth=16, ratio=1_000_000)


class File(NamedTuple):
    """A file's bytes; one that is `private` is ours, and in a box for its owner alone."""

    data: bytes
    executable: bool = False
    private: bool = False

    @property
    def mode(self) -> int:
        """Its rights in a box."""
        if self.private:
            return 0o600
        return 0o755 if self.executable else 0o644


Files = dict[str, File]


# --- entries of a folder, an archive, a single file -------------------------------------------


def entries_of(path: Path) -> list[Entry]:
    """List what lies at `path`, reading as little as can be."""
    try:
        if path.is_symlink():
            raise RejectedError(f"{visible(path.name)} is a link; hand in the files themselves.")
        if path.is_dir():
            return _folder(path)
        if not path.is_file():
            raise RejectedError(f"{visible(path.name)} is neither a file nor a folder.")
        return entries_in(_folder_entry(path.parent.resolve(), Path(path.name), path.lstat()))
    except OSError as error:
        _refuse(path.name, error)


def entries_in(file: Entry) -> list[Entry]:
    """List what a single file stands for: what is packed in it, or the template that it is."""
    name = file.name.rpartition("/")[2]
    if file.kind:
        raise RejectedError(f"{visible(name)} is a {file.kind}; only regular files are read.")
    if name.endswith(TEMPLATE_SUFFIXES):
        return [file._replace(name=name)]
    if not is_archive(name):
        raise RejectedError(
            template_meant(name)
            or f"{visible(name)} is no folder, .zip, .tar, .tar.gz, .tgz, .tar.bz2, .tar.xz, "
            ".pkr.hcl or .pkr.json."
        )
    if file.size > MAX_ARCHIVE_BYTES:
        raise RejectedError(f"{visible(name)} has more than {MAX_ARCHIVE_BYTES} bytes; unpack it.")
    if file.size > file.packed * MAX_RATIO:
        raise RejectedError(f"{visible(name)} expands to more than {MAX_RATIO} times its size.")
    return archive_entries(name, file.read(MAX_ARCHIVE_BYTES))


_MEANT = re.compile(r"(.{1,200}\.pkr\.(?:hcl|json))(?:\.[A-Za-z]{1,5}| ?\([0-9]{1,3}\))", re.DOTALL)


def template_meant(name: str) -> str:
    """What to do about a file that would be a template if a program had not added to its name."""
    meant = _MEANT.fullmatch(name)
    if not meant:
        return ""
    return f"{visible(name)} is no template for Packer: rename it to {visible(meant[1])}."


def _folder(root: Path) -> list[Entry]:
    """The files of a folder; a leftover is listed by its name, and what is below it is not."""
    found: list[Entry] = []
    for folder, names, files, fd in os.fwalk(root, onerror=_unlisted, follow_symlinks=False):
        inside = Path(folder).relative_to(root)
        if len(inside.parts) > WORKSPACE.depth + 2:
            raise RejectedError(f"{visible(inside.as_posix()[:80])} is too deep.")
        for name in sorted(files + names):
            status = os.stat(name, dir_fd=fd, follow_symlinks=False)
            if not stat.S_ISDIR(status.st_mode) or is_leftover(name):
                found.append(_folder_entry(root, inside / name, status))
        names[:] = sorted(name for name in names if not is_leftover(name))
        if len(found) > MAX_ENTRIES:
            raise RejectedError(f"more than {MAX_ENTRIES} files.")
    return found


def _unlisted(error: OSError) -> NoReturn:
    _refuse(str(error.filename), error)


_OF_THE_MACHINE = frozenset(
    (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EIO, errno.ESTALE)
)
"""What a disk or the system may say of a file, whatever is handed in."""


def _refuse(name: str, error: OSError) -> NoReturn:
    """Refuse what can't be read; raises MachineError where that is not the submission's fault."""
    reason = f"{visible(name)} can't be read: {error.strerror}."
    raise (MachineError if error.errno in _OF_THE_MACHINE else RejectedError)(reason) from None


def _folder_entry(root: Path, inside: Path, status: os.stat_result) -> Entry:
    kind = "" if stat.S_ISREG(status.st_mode) else KINDS.get(stat.S_IFMT(status.st_mode), "device")
    if not kind and status.st_nlink > 1:
        kind = "hard link"
    return Entry(
        name=inside.as_posix(),
        size=status.st_size,
        packed=status.st_size,
        kind=kind,
        executable=bool(status.st_mode & 0o111),
        read=lambda limit: _read_beneath(root, inside, limit),
    )


def _read_beneath(root: Path, inside: Path, limit: int) -> bytes:
    name = visible(inside.as_posix())
    try:
        file = _open_beneath(root, inside)
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
            os.close(file)
            raise RejectedError(f"{name} is no regular file of its own.")
        with os.fdopen(file, "rb") as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        _refuse(inside.as_posix(), error)
    if len(data) > limit:
        raise RejectedError(f"{name} has more than {limit} bytes.")
    return data


def _open_beneath(root: Path, inside: Path) -> int:
    """Open a file, following no link at any step: a swap after the listing gains nothing."""
    fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        for part in inside.parts[:-1]:
            step = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=fd)
            os.close(fd)
            fd = step
        return os.open(inside.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=fd)
    finally:
        os.close(fd)


# --- from entries to files ----------------------------------------------------------------------


def take(entries: Iterable[Entry], caps: Caps, *, irregular: dict[str, str] | None = None) -> Files:
    """Read the entries into memory, or refuse them.

    Links, devices and the like are refused, unless `irregular` is given: then they are noted there
    by name and kind, which is how evidence says that a file of the lab's is a link.
    """
    entries = list(entries)
    files: Files = {}
    folded: dict[str, str] = {}
    total = 0
    hcl = 0
    for entry in entries:
        name = _safe_name(entry.name, caps)
        if entry.kind:
            _note(name, entry.kind, irregular)
            continue
        other = folded.setdefault(folded_name(name), entry.name)
        if other != entry.name or name in files:
            raise RejectedError(f"{visible(name)} and {visible(other)} are one name on some disks.")
        if len(files) >= caps.files:
            raise RejectedError(f"more than {caps.files} files.")
        if entry.size > max(entry.packed, 1) * caps.ratio:
            raise RejectedError(
                f"{visible(name)} expands to more than {caps.ratio} times its size."
            )
        if total + entry.size > caps.size:
            raise RejectedError(f"more than {caps.size} bytes in all{_largest(entries)}")
        data = entry.read(caps.size - total)
        total += len(data)
        hcl += len(data) if name.endswith(HCL_SUFFIXES) else 0
        if hcl > caps.hcl:
            templates = [each for each in entries if each.name.endswith(HCL_SUFFIXES)]
            raise RejectedError(f"more than {caps.hcl} bytes of HCL{_largest(templates)}")
        files[name] = File(data, entry.executable)
    _no_file_is_a_folder(folded)
    return files


def _largest(entries: list[Entry]) -> str:
    largest = max(entries, key=lambda entry: entry.size)
    return f"; the largest file is {visible(largest.name)}, with {largest.size}."


def _note(name: str, kind: str, irregular: dict[str, str] | None) -> None:
    if irregular is None:
        raise RejectedError(f"{visible(name)} is a {kind}; only regular files are read.")
    irregular[name] = kind


def _safe_name(name: str, caps: Caps) -> str:
    """The name, composed (NFC), if it stays inside its folder on every system."""
    parts = name.split("/")
    shown = visible(name[:120])
    if len(parts) > caps.depth or len(name.encode(errors="replace")) > caps.name:
        raise RejectedError(f"{shown}: the name is too long or too deep.")
    if any("\udc80" <= char <= "\udcff" for char in name):
        raise RejectedError(
            f"{shown}: control or invisible characters in a name, or letters in an encoding that "
            "can't be told; pack it with names in UTF-8, such as by 7-Zip with -mcu=on, or rename."
        )
    if visible(name) != name:
        raise RejectedError(f"{shown}: control or invisible characters in a name.")
    if name.startswith("/") or "\\" in name or re.match(r"[A-Za-z]:", name):
        raise RejectedError(f"{shown}: names are relative, with `/` between folders.")
    if any(part in ("", ".", "..") for part in parts):
        raise RejectedError(f"{shown}: a name must stay inside its folder; names are relative.")
    if any(PACKER_PROGRAM.fullmatch(part) for part in parts):
        raise RejectedError(
            f"{shown}: Packer would take this for a plugin or its configuration; rename it."
        )
    return unicodedata.normalize("NFC", name)


def folded_name(name: str) -> str:
    """Equal for names that a disk without regard to case or to composed characters would merge."""
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())


def _no_file_is_a_folder(folded: dict[str, str]) -> None:
    for name, original in folded.items():
        for parent in PurePosixPath(name).parents:
            if parent.as_posix() in folded:
                both = folded[parent.as_posix()]
                raise RejectedError(
                    f"{visible(both)} is both a file and, for {original}, a folder."
                )


def digest(files: Files) -> str:
    """sha256 over the sorted (name, executable bit, bytes): equal for a folder and its archive."""
    whole = hashlib.sha256()
    for name in sorted(files):
        file = files[name]
        content = hashlib.sha256(file.data).hexdigest()
        whole.update(f"{name}\0{int(file.executable)}\0{content}\n".encode())
    return f"sha256:{whole.hexdigest()}"


def without(files: Files, outputs: list[str]) -> Files:
    """The files that do not lie where a lab's build leaves something: what a build gets."""
    return {
        name: file
        for name, file in files.items()
        if not any(name == out or name.startswith(f"{out}/") for out in outputs)
    }
