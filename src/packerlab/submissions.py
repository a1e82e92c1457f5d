"""The one bounded reader for untrusted trees: folders, zips, tars, single files, a box's output.

Nothing here ever writes. A tree becomes a mapping of relative POSIX names to bytes, or is refused
with one sentence (`RejectedError`). Links, devices, absolute or escaping names, two names that one
disk could not hold, and anything over the caps are refused, before it is read.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import os
import re
import stat
import tarfile
import tomllib
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

import msgspec

from packerlab.errors import BadInputError, RejectedError
from packerlab.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

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
ARCHIVE_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")

MAX_ENTRIES = 10_000
"""Names in one handed-in entry, passed-over ones included."""
MAX_ARCHIVE_BYTES = 64_000_000
MAX_EXPANDED_BYTES = 256_000_000


class Caps(NamedTuple):
    """Bounds on one tree: file count, bytes in all and of HCL, folder depth, expansion ratio."""

    files: int
    size: int
    hcl: int
    depth: int
    ratio: int
    name: int = 200


WORKSPACE = Caps(files=100, size=4_000_000, hcl=128_000, depth=8, ratio=100)
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


class Entry(NamedTuple):
    """A name in an untrusted tree, not yet read. `kind` is empty for a regular file."""

    name: str
    size: int
    packed: int
    kind: str
    executable: bool
    read: Callable[[int], bytes]


# --- entries of a folder, an archive, a single file --------------------------------------------


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
        return archive_entries(name, _bounded(path.open("rb"), MAX_ARCHIVE_BYTES))
    except OSError as error:
        raise RejectedError(f"{visible(path.name)} can't be read: {error.strerror}.") from None


def archive_entries(name: str, data: bytes) -> list[Entry]:
    """List a zip, or a tar by its name's ending compressed or not."""
    return _zip(data) if name.endswith(".zip") else _tar(_decompress(name, data))


def _folder(root: Path) -> list[Entry]:
    found: list[Entry] = []
    for folder, names, files, fd in os.fwalk(root, follow_symlinks=False):
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


def _folder_entry(root: Path, inside: Path, status: os.stat_result) -> Entry:
    kind = "" if stat.S_ISREG(status.st_mode) else _KINDS.get(stat.S_IFMT(status.st_mode), "device")
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


_KINDS = {stat.S_IFLNK: "link", stat.S_IFIFO: "named pipe", stat.S_IFSOCK: "socket"}


def _read_beneath(root: Path, inside: Path, limit: int) -> bytes:
    """Read a file, following no link at any step, so that a swap after the listing gains nothing."""
    fd = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in inside.parts[:-1]:
            step = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=fd)
            os.close(fd)
            fd = step
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        file = os.open(inside.name, flags, dir_fd=fd)
    finally:
        os.close(fd)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise RejectedError(f"{visible(inside.as_posix())} is no regular file.")
    return _bounded(os.fdopen(file, "rb"), limit)


def _lone_file(path: Path) -> Entry:
    return _folder_entry(path.parent, Path(path.name), path.lstat())


def _bounded(stream: io.BufferedReader, limit: int) -> bytes:
    with stream:
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise RejectedError(f"more than {limit} bytes.")
    return data


def _zip(data: bytes) -> list[Entry]:
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise RejectedError(f"not a readable zip: {visible(str(error))}.") from None
    infos = archive.infolist()
    if len(infos) > MAX_ENTRIES:
        raise RejectedError(f"more than {MAX_ENTRIES} files.")
    return [_zip_entry(archive, info) for info in infos if not info.is_dir()]


def _zip_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Entry:
    mode = info.external_attr >> 16
    kind = ""
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        kind = _KINDS.get(stat.S_IFMT(mode), "device")
    elif info.flag_bits & 0x1:
        kind = "encrypted file"

    def read(limit: int) -> bytes:
        try:
            with archive.open(info) as stream:
                return stream.read(limit + 1)
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError,
                NotImplementedError, RuntimeError) as error:
            raise RejectedError(
                f"{visible(info.filename)} can't be unpacked: {visible(str(error))}."
            ) from None

    return Entry(
        info.filename, info.file_size, info.compress_size, kind, bool(mode & 0o111), read
    )


def _decompress(name: str, data: bytes) -> bytes:
    try:
        if name.endswith((".gz", ".tgz")):
            stream: gzip.GzipFile | bz2.BZ2File = gzip.GzipFile(fileobj=io.BytesIO(data))
        elif name.endswith(".bz2"):
            stream = bz2.BZ2File(io.BytesIO(data))
        elif name.endswith(".xz"):
            unxz = lzma.LZMADecompressor(memlimit=128_000_000)
            return _capped(unxz.decompress(data, max_length=MAX_EXPANDED_BYTES + 1), len(data))
        else:
            return data
        with stream:
            return _capped(stream.read(MAX_EXPANDED_BYTES + 1), len(data))
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise RejectedError(f"can't be unpacked: {visible(str(error))}.") from None


def _capped(expanded: bytes, packed: int) -> bytes:
    if len(expanded) > MAX_EXPANDED_BYTES or len(expanded) > packed * WORKSPACE.ratio + 100_000:
        raise RejectedError(f"expands to more than {WORKSPACE.ratio} times its size.")
    return expanded


def _tar(data: bytes) -> list[Entry]:
    found: list[Entry] = []
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for member in archive:
                if not member.isdir():
                    found.append(_tar_entry(archive, member, data))
                if len(found) > MAX_ENTRIES:
                    raise RejectedError(f"more than {MAX_ENTRIES} files.")
    except (tarfile.TarError, ValueError, OverflowError, RecursionError) as error:
        raise RejectedError(f"not a readable tar: {visible(str(error))}.") from None
    return found


def _tar_entry(archive: tarfile.TarFile, member: tarfile.TarInfo, data: bytes) -> Entry:
    kind = ""
    if member.issym():
        kind = "link"
    elif member.islnk():
        kind = "hard link"
    elif member.isfifo():
        kind = "named pipe"
    elif not member.isreg() or member.issparse():
        kind = "device"
    start = member.offset_data
    executable = bool(member.mode & 0o111)
    name = member.name.removeprefix("./")
    return Entry(
        name, member.size, member.size, kind, executable,
        lambda limit: data[start : start + min(member.size, limit + 1)],
    )


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
        name = _safe_name(entry.name, caps)
        if not PASSED_OVER.isdisjoint(PurePosixPath(name).parts):
            continue
        if entry.kind and irregular is not None:
            irregular[name] = entry.kind
            continue
        if entry.kind:
            raise RejectedError(f"{visible(name)} is a {entry.kind}; only regular files are read.")
        other = folded.setdefault(_folded(name), name)
        if other != name or name in files:
            raise RejectedError(f"{visible(name)} and {visible(other)} are one name on some disks.")
        if len(files) >= caps.files:
            raise RejectedError(f"more than {caps.files} files.")
        if entry.size > max(entry.packed, 1) * caps.ratio:
            raise RejectedError(f"{visible(name)} expands to more than {caps.ratio} times its size.")
        if total + entry.size > caps.size:
            raise RejectedError(f"more than {caps.size} bytes in all.")
        data = entry.read(caps.size - total)
        total += len(data)
        if total > caps.size:
            raise RejectedError(f"more than {caps.size} bytes in all.")
        hcl += len(data) if name.endswith(HCL_SUFFIXES) else 0
        if hcl > caps.hcl:
            raise RejectedError(f"more than {caps.hcl} bytes of HCL.")
        files[name] = File(data, entry.executable)
    return _without_file_as_folder(files)


def _safe_name(name: str, caps: Caps) -> str:
    """The name, if it stays inside its folder on every system; PASSED_OVER may be in it."""
    parts = name.split("/")
    shown = visible(name[:120])
    if name.startswith("/") or "\\" in name or re.match(r"[A-Za-z]:", name):
        raise RejectedError(f"{shown}: names are relative, with `/` between folders.")
    if any(part in ("", ".", "..") for part in parts):
        raise RejectedError(f"{shown}: a name must stay inside its folder.")
    if visible(name) != name:
        raise RejectedError(f"{shown}: control or invisible characters in a name.")
    if len(parts) > caps.depth or len(name.encode(errors="replace")) > caps.name:
        raise RejectedError(f"{shown}: the name is too long or too deep.")
    for part in parts:
        if PACKER_PROGRAM.fullmatch(part) and PASSED_OVER.isdisjoint(parts):
            raise RejectedError(
                f"{shown}: Packer would take this for a plugin or its configuration; rename it."
            )
    return name


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _without_file_as_folder(files: Files) -> Files:
    for name in files:
        for parent in PurePosixPath(name).parents:
            if parent.as_posix() in files:
                raise RejectedError(f"{visible(parent.as_posix())} is both a file and a folder.")
    return files


def digest(files: Files) -> str:
    """sha256 over the sorted (name, executable bit, bytes): equal for a folder and its archive."""
    whole = hashlib.sha256()
    for name in sorted(files):
        file = files[name]
        content = hashlib.sha256(file.data).hexdigest()
        whole.update(f"{name}\0{int(file.executable)}\0{content}\n".encode())
    return f"sha256:{whole.hexdigest()}"


# --- workspaces and learners --------------------------------------------------------------------


def read_workspace(path: Path) -> Submission:
    """Read one folder, archive or template file as a workspace."""
    return submission(entries_of(path))


def refused(reason: str) -> Submission:
    """A submission that was not taken in; equal refusals count as one digest."""
    return Submission({}, f"sha256:{hashlib.sha256(reason.encode()).hexdigest()}", refusal=reason)


def submission(entries: Iterable[Entry], inside: str = "") -> Submission:
    """The workspace in the folder `inside` of a tree."""
    marker = None
    own: list[Entry] = []
    for entry in entries:
        if inside and not entry.name.startswith(inside + "/"):
            continue
        name = entry.name[len(inside) + 1 :] if inside else entry.name
        own.append(entry._replace(name=name))
        if name == MARKER and not entry.kind:
            marker = read_marker(entry)
    files = take(own, WORKSPACE)
    if not files:
        raise RejectedError("there are no files in it.")
    return Submission(files, digest(files), marker)


def read_marker(entry: Entry) -> Marker | None:
    """The marker, or None where it makes no sense: a learner's file is no authority."""
    try:
        text = entry.read(4096)[:4096].decode()
        return msgspec.convert(tomllib.loads(text), Marker)
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
        if not PASSED_OVER.isdisjoint(folder.split("/")):
            continue
        if base == MARKER or (any_template and base.endswith(TEMPLATE_SUFFIXES)):
            homes.add(folder)
    tops = {entry.name.split("/")[0] for entry in entries} - PASSED_OVER
    wrapped = len(tops) == 1 and all("/" in entry.name for entry in entries)
    for depth in range(3 + wrapped):
        level = sorted(home for home in homes if len(home.split("/")) - (not home) == depth)
        if level:
            return level
    return []


class Handed(NamedTuple):
    """What one learner handed in, not yet read. `refusal` is set where it can't be told apart."""

    learner: str
    path: Path
    refusal: str = ""


def handed_in(paths: Iterable[Path], *, any_template: bool) -> list[Handed]:
    """Who handed in what, in order: each PATH is one submission or a folder of them."""
    found = [handed for path in paths for handed in _handed_under(path, any_template=any_template)]
    by_name: dict[str, list[Handed]] = {}
    for handed in found:
        by_name.setdefault(handed.learner.casefold(), []).append(handed)
    return [
        handed
        if len(by_name[handed.learner.casefold()]) == 1
        else handed._replace(refusal="another entry has the same learner's name.")
        for handed in found
    ]


def _handed_under(path: Path, *, any_template: bool) -> Iterator[Handed]:
    if not path.exists():
        raise BadInputError(f"{path}: there is no such file or folder.")
    if path.is_dir() and not _is_workspace(path, any_template=any_template):
        try:
            names = sorted(entry.name for entry in os.scandir(path))
        except OSError as error:
            raise BadInputError(f"{path} can't be read: {error.strerror}.") from None
        for name in names:
            if name not in PASSED_OVER:
                yield Handed(learner_name(name), path / name)
    else:
        yield Handed(learner_name(path.resolve().name), path)


def _is_workspace(path: Path, *, any_template: bool) -> bool:
    names = os.listdir(path)
    return MARKER in names or (
        any_template and any(name.endswith(TEMPLATE_SUFFIXES) for name in names)
    )


def learner_name(name: str) -> str:
    """A learner's identity from the name of what was handed in, safe as a file name anywhere."""
    for suffix in (*sorted(ARCHIVE_SUFFIXES, key=len, reverse=True), *TEMPLATE_SUFFIXES):
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            name = name[: -len(suffix)]
            break
    encoded = quote(os.fsencode(name), safe="").replace("~", "%7E")
    return "%2E" + encoded[1:] if encoded.startswith(".") else encoded
