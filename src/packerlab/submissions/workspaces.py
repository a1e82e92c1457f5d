"""A workspace: where it lies in what was handed in, which lab it is for, and what it holds.

One way to find it, for `check` and `grade` alike: a workspace is a folder with a marker or, where
the lab is known, with a template. It may lie two folders down, or one more where all is in a single
folder, and an archive on the way is read as the folder that it packs.
"""

from __future__ import annotations

import codecs
import hashlib
import re
import tomllib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from packerlab.errors import RejectedError
from packerlab.submissions.archives import (
    MAX_ARCHIVE_BYTES,
    MAX_ENTRIES,
    MAX_RATIO,
    expanded,
    is_archive,
    listed,
)
from packerlab.submissions.learners import without_suffix
from packerlab.submissions.leftovers import MARKER, leftover_in
from packerlab.submissions.reader import (
    TEMPLATE_SUFFIXES,
    WORKSPACE,
    digest,
    entries_of,
    take,
    template_meant,
)
from packerlab.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from packerlab.errors import MachineError
    from packerlab.submissions.archives import Entry
    from packerlab.submissions.reader import Files

DEEPEST = 2
"""Folders above a workspace, of those that are not archives."""
MAX_NESTED = 2
"""Archives in one another, the outermost not counted."""
MOST_STEPS = DEEPEST + 1 + MAX_NESTED
MAX_MARKER_BYTES = 4096
OTHER_ARCHIVES = (".rar", ".7z", ".gz", ".bz2", ".xz", ".zst", ".txz", ".tbz", ".tbz2", ".zipx")
"""What else learners pack their work as."""
MOST_TOLD = 20
"""Leftovers that a report names."""


class Marker(msgspec.Struct, frozen=True):
    """`.packerlab.toml`: which lab a workspace was started from. Read as hostile."""

    format: int
    lab: str
    lab_digest: str = ""


@dataclass(frozen=True)
class Submission:
    """One workspace as it was handed in, wholly in memory; or why it is refused.

    `fault` says why this machine could not read it. `inside` is the folder in which it lay, in what
    was handed in.
    """

    files: Files
    digest: str
    marker: Marker | None = None
    refusal: str = ""
    fault: str = ""
    passed_over: tuple[str, ...] = ()
    inside: str = ""


class Found(NamedTuple):
    """A tree with its archives opened, and the folders in it that are workspaces, oldest first.

    A folder's name is relative to the tree, and empty for the tree itself. `unread` says of the
    archives that could not be opened why.
    """

    entries: list[Entry]
    folders: list[str]
    unread: tuple[str, ...]


def read_workspace(path: Path, *, any_template: bool = True) -> Submission:
    """Read the one workspace in a folder, an archive, or a template's file."""
    entries = entries_of(path)
    found = find_workspaces(entries, any_template=any_template)
    if len(found.folders) > 1:
        names = ", ".join(visible(folder) for folder in found.folders[:5])
        raise RejectedError(f"there are {len(found.folders)} workspaces in it; name one: {names}.")
    if not found.folders:
        return submission(entries)
    return submission(found.entries, found.folders[0])


def refused(reason: str) -> Submission:
    """A submission that was not taken in; equal refusals count as one digest."""
    return Submission({}, f"sha256:{hashlib.sha256(reason.encode()).hexdigest()}", refusal=reason)


def not_taken(error: RejectedError | MachineError) -> Submission:
    """A submission that is refused, or that this machine could not read."""
    if isinstance(error, RejectedError):
        return refused(str(error))
    return replace(refused(str(error)), refusal="", fault=str(error))


def submission(entries: Iterable[Entry], inside: str = "") -> Submission:
    """The workspace in the folder `inside` of a tree."""
    own = below(entries, inside)
    kept, passed_over = sifted(own)
    files = take(kept, WORKSPACE)
    if not files:
        raise RejectedError("there are no files in it.")
    if not any(name.endswith(TEMPLATE_SUFFIXES) for name in files):
        for name in files:
            if meant := template_meant(name.rpartition("/")[2]):
                raise RejectedError(meant)
    return Submission(files, digest(files), marker_of(own), passed_over=passed_over, inside=inside)


def below(entries: Iterable[Entry], inside: str) -> list[Entry]:
    """The entries in the folder `inside` of a tree, by their names in it."""
    prefix = f"{inside}/" if inside else ""
    return [
        entry._replace(name=entry.name[len(prefix) :])
        for entry in entries
        if entry.name.startswith(prefix)
    ]


def sifted(entries: Iterable[Entry]) -> tuple[list[Entry], tuple[str, ...]]:
    """A workspace's own files, and the leftovers that are passed over; its marker is neither."""
    kept = []
    passed_over: dict[str, None] = {}
    for entry in entries:
        if leftover := leftover_in(entry.name):
            passed_over[visible(leftover)] = None
        elif entry.name.rpartition("/")[2] != MARKER:
            kept.append(entry)
    return kept, tuple(passed_over)[:MOST_TOLD]


# --- the marker -----------------------------------------------------------------------------------


def marker_of(entries: Iterable[Entry], inside: str = "") -> Marker | None:
    """The marker of a workspace, which may be refused for all else."""
    for entry in below(entries, inside):
        if entry.name == MARKER and not entry.kind:
            return read_marker(entry)
    return None


def read_marker(entry: Entry) -> Marker | None:
    """The marker, or None where it makes no sense: a learner's file is no authority."""
    try:
        data = entry.read(MAX_MARKER_BYTES)
        if len(data) > MAX_MARKER_BYTES:
            return None
        return msgspec.convert(tomllib.loads(data.decode(_encoding(data))), Marker)
    except (ValueError, RecursionError, RejectedError, msgspec.ValidationError):
        return None


def _encoding(data: bytes) -> str:
    """UTF-8, or what the mark says that Windows' editors and shells put before a text."""
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return "utf-16" if wide else "utf-8-sig"


# --- where workspaces are -------------------------------------------------------------------------


def find_workspaces(entries: list[Entry], *, any_template: bool) -> Found:
    """The workspaces in a tree: folders with a marker or, if `any_template`, with a template.

    The outermost of them count: a workspace's own folders and archives are its files. Raises
    RejectedError where there is none, and an archive that might hold one can't be read.
    """
    unread: dict[str, str] = {}
    for _ in range(MAX_NESTED):
        folders = _folders(entries, any_template=any_template)
        packed = [entry for entry in _packed(entries, folders) if entry.name not in unread]
        entries = _opened(entries, packed, unread)
    folders = _folders(entries, any_template=any_template)
    if unread and not folders:
        raise RejectedError(next(iter(unread.values())))
    return Found(entries, sorted(folders, key=_in_order), tuple(unread.values()))


def why_none(entries: list[Entry], *, any_template: bool) -> str:
    """What to say of a tree that has no workspace, its archives opened."""
    own, passed_over = sifted(entries)
    for entry in own:
        if meant := template_meant(entry.name.rpartition("/")[2]):
            return meant
    for entry in own:
        if is_archive(entry.name):
            return (
                f"{visible(entry.name)} lies too deep to be opened: pack the work once, as a .zip."
            )
        if entry.name.lower().endswith(OTHER_ARCHIVES):
            return f"{visible(entry.name)} is an archive that can't be opened: pack it as a .zip."
    unnamed = "" if any_template else " (--lab names the lab of one without)"
    besides = f"; passed over: {', '.join(passed_over[:3])}" if passed_over else ""
    return f"there is no workspace in it: no {MARKER}{unnamed}{besides}."


def _in_order(folder: str) -> list[list[tuple[int, int, str]]]:
    """Sorts `lab-1.zip` behind `lab.zip`, as platforms call what was handed in again."""
    return [natural(without_suffix(step)) for step in folder.split("/")]


def natural(name: str) -> list[tuple[int, int, str]]:
    """Sorts `attempt 9` before `attempt 12`."""
    parts = re.split("([0-9]+)", name)
    numbers = [part.lstrip("0") if place % 2 else "" for place, part in enumerate(parts)]
    return [
        (place % 2, len(number), number or part)
        for place, (part, number) in enumerate(zip(parts, numbers, strict=True))
    ]


def _folders(entries: list[Entry], *, any_template: bool) -> set[str]:
    """The outermost folders that are workspaces."""
    found = set()
    for entry in entries:
        folder, _, base = entry.name.rpartition("/")
        marks = base == MARKER or (any_template and base.endswith(TEMPLATE_SUFFIXES))
        if marks and _may_lie_in(folder) and not leftover_in(entry.name):
            found.add(folder)
    deepest = DEEPEST + _is_wrapped(entries)
    return {
        folder for folder in found if _depth(folder) <= deepest and found.isdisjoint(_above(folder))
    }


def _may_lie_in(folder: str) -> bool:
    """Whether a folder is near enough, and inside the tree."""
    steps = folder.split("/", MOST_STEPS) if folder else []
    return len(steps) <= MOST_STEPS and {"", ".", ".."}.isdisjoint(steps)


def _is_wrapped(entries: list[Entry]) -> bool:
    """Whether all is in a single folder."""
    tops = {entry.name.partition("/")[:2] for entry in entries}
    own = [slash for top, slash in tops if not leftover_in(top)]
    return len(own) == 1 and all(own)


def _depth(folder: str) -> int:
    return sum(not is_archive(step) for step in folder.split("/")) if folder else 0


def _above(folder: str) -> set[str]:
    """The folders that hold a folder, the tree itself among them."""
    steps = folder.split("/") if folder else []
    return {"/".join(steps[:number]) for number in range(len(steps))}


def _packed(entries: list[Entry], folders: set[str]) -> list[Entry]:
    """The archives in a tree that are no workspace's files, where a workspace may lie."""
    return [
        entry
        for entry in entries
        if is_archive(entry.name)
        and not entry.kind
        and _may_lie_in(entry.name)
        and folders.isdisjoint(_above(entry.name))
        and not leftover_in(entry.name)
    ]


def _opened(entries: list[Entry], packed: list[Entry], unread: dict[str, str]) -> list[Entry]:
    """The tree with these archives as folders, all together within the bounds of one archive.

    Why one can't be read is noted in `unread`, by its name.
    """
    names = {entry.name for entry in packed}
    found = [entry for entry in entries if entry.name not in names]
    left = MAX_ARCHIVE_BYTES
    for archive in packed:
        try:
            data = _data(archive, left)
            inside = listed(archive.name, data)
        except RejectedError as error:
            unread.setdefault(archive.name, f"{visible(archive.name)}: {error}")
            found.append(archive)
            continue
        left -= len(data)
        found += [entry._replace(name=f"{archive.name}/{entry.name}") for entry in inside]
        if len(found) > MAX_ENTRIES:
            raise RejectedError(f"more than {MAX_ENTRIES} files.")
    return found


def _data(archive: Entry, most: int) -> bytes:
    """The bytes of an archive in a tree, expanded."""
    if archive.size > min(most, archive.packed * MAX_RATIO):
        raise RejectedError("it expands too far.")
    return expanded(archive.name, archive.read(archive.size), most)
