"""The one bounded reader for untrusted trees: folders, zips, tars, single files, a box's output.

Nothing here ever writes. A tree becomes a mapping of relative POSIX names to bytes, or is refused
with one sentence (`RejectedError`). Links, devices, absolute or escaping names, two names that one
disk could not hold, and anything over the caps are refused, before it is read.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tomllib
import unicodedata
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import msgspec

from packerlab.errors import RejectedError
from packerlab.submissions.archives import (
    ARCHIVE_SUFFIXES,
    KINDS,
    MAX_ARCHIVE_BYTES,
    MAX_ENTRIES,
    MAX_RATIO,
    Entry,
    archive_entries,
)
from packerlab.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

MARKER = ".packerlab.toml"
PASSED_OVER = frozenset(
    (".git", ".vscode", ".idea", "__MACOSX", ".DS_Store", "packer_cache", "crash.log", MARKER)
)
PACKER_PROGRAM = re.compile(
    r"(packer-(builder|provisioner|post-processor|datasource|plugin)-.*|\.packer\.d|\.packerconfig)",
    re.DOTALL,
)
TEMPLATE_SUFFIXES = (".pkr.hcl", ".pkr.json")
HCL_SUFFIXES = (*TEMPLATE_SUFFIXES, ".pkrvars.hcl", ".pkrvars.json")
MAX_MARKER_BYTES = 4096


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
    data: bytes
    executable: bool = False


Files = dict[str, File]


class Marker(msgspec.Struct, frozen=True):
    """`.packerlab.toml`: which lab a workspace was started from. Read as hostile."""

    format: int
    lab: str
    lab_digest: str = ""


@dataclass(frozen=True)
class Submission:
    """One workspace as it was handed in, wholly in memory; or why it is refused."""

    files: Files
    digest: str
    marker: Marker | None = None
    refusal: str = ""


# --- entries of a folder, an archive, a single file -------------------------------------------


def entries_of(path: Path) -> list[Entry]:
    """List what lies at `path`, reading as little as can be."""
    name = path.name.lower()
    try:
        if path.is_symlink():
            raise RejectedError(f"{visible(path.name)} is a link; hand in the files themselves.")
        if path.is_dir():
            return _folder(path)
        if not path.is_file():
            raise RejectedError(f"{visible(path.name)} is neither a file nor a folder.")
        if name.endswith(TEMPLATE_SUFFIXES):
            return [_lone_file(path)]
        if not name.endswith(ARCHIVE_SUFFIXES):
            raise RejectedError(
                f"{visible(path.name)} is no folder, .zip, .tar, .tar.gz, .tgz, .tar.bz2, .tar.xz, "
                ".pkr.hcl or .pkr.json."
            )
        beneath = path.parent.resolve()
        return archive_entries(name, _read_beneath(beneath, Path(path.name), MAX_ARCHIVE_BYTES))
    except OSError as error:
        raise RejectedError(f"{visible(path.name)} can't be read: {error.strerror}.") from None


def _folder(root: Path) -> list[Entry]:
    found: list[Entry] = []
    for folder, names, files, fd in os.fwalk(root, onerror=_refuse, follow_symlinks=False):
        inside = Path(folder).relative_to(root)
        if len(inside.parts) > WORKSPACE.depth + 2:
            raise RejectedError(f"{visible(inside.as_posix()[:80])} is too deep.")
        names[:] = sorted(name for name in names if name not in PASSED_OVER)
        for name in sorted(files + names):
            status = os.stat(name, dir_fd=fd, follow_symlinks=False)
            if not stat.S_ISDIR(status.st_mode):
                found.append(_folder_entry(root, inside / name, status))
        if len(found) > MAX_ENTRIES:
            raise RejectedError(f"more than {MAX_ENTRIES} files.")
    return found


def _refuse(error: OSError) -> NoReturn:
    raise RejectedError(f"{visible(str(error.filename))} can't be read: {error.strerror}.")


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
        raise RejectedError(f"{name} can't be read: {error.strerror}.") from None
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


def _lone_file(path: Path) -> Entry:
    return _folder_entry(path.parent.resolve(), Path(path.name), path.lstat())


# --- from entries to files ----------------------------------------------------------------------


def take(entries: Iterable[Entry], caps: Caps, *, irregular: dict[str, str] | None = None) -> Files:
    """Read the entries into memory, or refuse them.

    Links, devices and the like are refused, unless `irregular` is given: then they are noted there
    by name and kind, which is how evidence says that a file of the lab's is a link.
    """
    files: Files = {}
    folded: dict[str, str] = {}
    total = 0
    hcl = 0
    for entry in entries:
        if not PASSED_OVER.isdisjoint(entry.name.split("/")):
            continue
        name = _safe_name(entry.name, caps)
        if entry.kind:
            _note(name, entry.kind, irregular)
            continue
        other = folded.setdefault(_folded(name), name)
        if other != name or name in files:
            raise RejectedError(f"{visible(name)} and {visible(other)} are one name on some disks.")
        if len(files) >= caps.files:
            raise RejectedError(f"more than {caps.files} files.")
        if entry.size > max(entry.packed, 1) * caps.ratio:
            raise RejectedError(
                f"{visible(name)} expands to more than {caps.ratio} times its size."
            )
        if total + entry.size > caps.size:
            raise RejectedError(f"more than {caps.size} bytes in all.")
        data = entry.read(caps.size - total)
        total += len(data)
        hcl += len(data) if name.endswith(HCL_SUFFIXES) else 0
        if hcl > caps.hcl:
            raise RejectedError(f"more than {caps.hcl} bytes of HCL.")
        files[name] = File(data, entry.executable)
    _no_file_is_a_folder(folded)
    return files


def _note(name: str, kind: str, irregular: dict[str, str] | None) -> None:
    if irregular is None:
        raise RejectedError(f"{visible(name)} is a {kind}; only regular files are read.")
    irregular[name] = kind


def _safe_name(name: str, caps: Caps) -> str:
    """The name, if it stays inside its folder on every system."""
    parts = name.split("/")
    shown = visible(name[:120])
    if len(parts) > caps.depth or len(name.encode(errors="replace")) > caps.name:
        raise RejectedError(f"{shown}: the name is too long or too deep.")
    if visible(name) != name:
        raise RejectedError(f"{shown}: control or invisible characters in a name.")
    if name.startswith("/") or "\\" in name or re.match(r"[A-Za-z]:", name):
        raise RejectedError(f"{shown}: names are relative, with `/` between folders.")
    if any(part in ("", ".", "..") for part in parts):
        raise RejectedError(f"{shown}: a name must stay inside its folder.")
    if any(PACKER_PROGRAM.fullmatch(part) for part in parts):
        raise RejectedError(
            f"{shown}: Packer would take this for a plugin or its configuration; rename it."
        )
    return name


def _folded(name: str) -> str:
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


# --- workspaces --------------------------------------------------------------------


def read_workspace(path: Path) -> Submission:
    """Read one folder, archive or template file as a workspace."""
    return submission(entries_of(path))


def refused(reason: str) -> Submission:
    """A submission that was not taken in; equal refusals count as one digest."""
    return Submission({}, f"sha256:{hashlib.sha256(reason.encode()).hexdigest()}", refusal=reason)


def submission(entries: Iterable[Entry], inside: str = "") -> Submission:
    """The workspace in the folder `inside` of a tree."""
    own = _below(entries, inside)
    files = take(own, WORKSPACE)
    if not files:
        raise RejectedError("there are no files in it.")
    return Submission(files, digest(files), marker_of(own))


def _below(entries: Iterable[Entry], inside: str) -> list[Entry]:
    """The entries in the folder `inside` of a tree, by their names in it."""
    prefix = f"{inside}/" if inside else ""
    return [
        entry._replace(name=entry.name[len(prefix) :])
        for entry in entries
        if entry.name.startswith(prefix)
    ]


def marker_of(entries: Iterable[Entry], inside: str = "") -> Marker | None:
    """The marker of a workspace, which may be refused for all else."""
    for entry in _below(entries, inside):
        if entry.name == MARKER and not entry.kind:
            return read_marker(entry)
    return None


def read_marker(entry: Entry) -> Marker | None:
    """The marker, or None where it makes no sense: a learner's file is no authority."""
    try:
        data = entry.read(MAX_MARKER_BYTES)
        if len(data) > MAX_MARKER_BYTES:
            return None
        return msgspec.convert(tomllib.loads(data.decode()), Marker)
    except (ValueError, RecursionError, RejectedError, msgspec.ValidationError):
        return None


def find_workspaces(entries: list[Entry], *, any_template: bool) -> list[str]:
    """The folders of a tree that are workspaces, as names relative to it ("" is the tree itself).

    A workspace has a marker or, if `any_template`, a template. The outermost level that has any is
    taken: the tree, else one level down, else two; a single wrapper folder is passed over.
    """
    homes = set()
    for entry in entries:
        folder, _, base = entry.name.rpartition("/")
        steps = folder.split("/") if folder else []
        if not {*PASSED_OVER, "", ".", ".."}.isdisjoint(steps):
            continue
        if base == MARKER or (any_template and base.endswith(TEMPLATE_SUFFIXES)):
            homes.add(folder)
    tops = {entry.name.partition("/")[:2] for entry in entries}
    tops = {(top, slash) for top, slash in tops if top not in PASSED_OVER}
    wrapped = len(tops) == 1 and all(slash for _, slash in tops)
    for depth in range(3 + wrapped):
        level = sorted(home for home in homes if len(home.split("/")) - (not home) == depth)
        if level:
            return level
    return []
