"""The right and wrong answers that prove a lab's grader: rows of `accept.toml` and `reject.toml`.

A row changes the solution. Each of its edits must be found there exactly once, so that a row breaks
loudly when the solution has moved on, and never proves something else than its author meant.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import msgspec

from packerlab.course.version_range import is_range
from packerlab.errors import BadInputError, RejectedError
from packerlab.lab import load_toml, typed
from packerlab.submissions.archives import in_memory
from packerlab.submissions.reader import File, entries_of
from packerlab.submissions.workspaces import refused, submission
from packerlab.variants.edits import Edit, apply, parse_diff

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from packerlab.lab import Lab
    from packerlab.submissions.archives import Entry
    from packerlab.submissions.reader import Files
    from packerlab.submissions.workspaces import Submission

KINDS = ("accept", "reject")
NAME = re.compile(r"[a-z0-9_]+")


class Variant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change of the solution, and for a wrong answer how its report must end."""

    why: Annotated[str, msgspec.Meta(min_length=1)]
    packer: str = ""
    status: Literal["graded", "rejected", "timeout", "limit"] = "graded"
    fails: list[str] = []
    says: str = ""
    delete: list[str] = []
    replace: dict[str, str] = {}
    diff: str = ""
    files: dict[str, str] = {}


class Row(NamedTuple):
    """One row of a lab's table; `place` is where it stands, for messages."""

    lab: Lab
    kind: str
    name: str
    variant: Variant
    place: str

    @property
    def answer(self) -> str:
        """The row's name among all answers to the lab, such as `reject/typed`."""
        return f"{self.kind}/{self.name}"

    @property
    def folder(self) -> Path:
        """What no edit can say, such as links and files that are not text; seldom there."""
        return self.lab.path / "variants" / self.kind / self.name


# --- the tables -----------------------------------------------------------------------------------


def rows(lab: Lab, kind: str) -> Iterator[Row]:
    """The rows of `accept.toml` or `reject.toml`, in the order of the file."""
    table = lab.path / "variants" / f"{kind}.toml"
    if not table.exists():
        return
    tables = load_toml(table, dict[str, Any])
    text = table.read_text(encoding="utf-8")
    for name, keys in tables.items():
        place = f"{table}{_line(text, name)} [{name}]"
        variant = typed(keys, Variant, place)
        if problem := _problem(kind, name, variant):
            raise BadInputError(f"{place}: {problem}.")
        yield Row(lab, kind, name, variant, place)


def find(lab: Lab, name: str) -> Row:
    """The row `name`, or `accept/name` or `reject/name` where both tables have one."""
    every = [row for kind in KINDS for row in rows(lab, kind)]
    found = [row for row in every if name in (row.name, row.answer)]
    if not found:
        raise BadInputError(f"{lab.slug} has no variant `{name}` in accept.toml or reject.toml.")
    if len(found) > 1:
        names = " and ".join(row.answer for row in found)
        raise BadInputError(f"{lab.slug} has {names}: say which one.")
    return found[0]


def _line(text: str, name: str) -> str:
    """`:7` where row `name` begins; a way of writing that we don't look for has no number."""
    found = re.search(rf'^\[ *"?{re.escape(name)}"?[ .\]]', text, re.MULTILINE)
    return f":{text.count(chr(10), 0, found.start()) + 1}" if found else ""


def _problem(kind: str, name: str, variant: Variant) -> str:
    """What is wrong with a row that has all its keys; empty where nothing is."""
    ends_well = variant.status == "graded" and not variant.fails
    if not NAME.fullmatch(name):
        return "a row's name has only a-z, 0-9 and _"
    if not is_range(variant.packer):
        return "`packer` is no range of versions, such as `>=1.7` or `<1.7`"
    if "" in variant.replace:
        return "`replace` has no words to find"
    if kind == "accept" and not (ends_well and not variant.says):
        return "a right answer has no `status`, `fails` or `says`"
    if kind == "reject" and ends_well:
        return "nothing here is wrong: give the checks that it `fails`, or its `status`"
    return ""


# --- a row's files --------------------------------------------------------------------------------


def answer(row: Row) -> Submission:
    """What a learner would hand in, read as a learner's files are."""
    try:
        changed = submission([*_changed(row), *_own(row)])
    except RejectedError as error:
        return refused(str(error))
    if changed.digest == read_own(row.lab.solution).digest:
        raise BadInputError(f"{row.place}: nothing of the solution is changed.")
    return changed


def handed_in(files: Files) -> Submission:
    """Files as a learner would hand them in."""
    try:
        return submission([_entry(name, file) for name, file in files.items()])
    except RejectedError as error:
        return refused(str(error))


def lay_out(row: Row, target: Path) -> None:
    """Write a row's files into a folder, so that they can be tried by hand."""
    for entry in _changed(row):
        path = target / entry.name
        if not path.resolve().is_relative_to(target.resolve()):
            raise BadInputError(f"{row.place}: {entry.name} is outside of the workspace.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(entry.read(entry.size))
        path.chmod(0o755 if entry.executable else 0o644)
    if row.folder.is_dir():
        shutil.copytree(row.folder, target, symlinks=True, dirs_exist_ok=True)


def read_own(folder: Path) -> Submission:
    """A folder of the course's own, which a learner could hand in; raises BadInputError."""
    try:
        return submission(entries_of(folder))
    except RejectedError as error:
        raise BadInputError(f"{folder}: {error}") from None


def _own(row: Row) -> list[Entry]:
    return entries_of(row.folder) if row.folder.is_dir() else []


def _changed(row: Row) -> list[Entry]:
    """The solution after a row's edits, and the files that the row has in its table.

    Edits don't reach files that the row deletes or brings whole: they would be lost unnoticed.
    """
    files = dict(read_own(row.lab.solution).files)
    for name in row.variant.delete:
        if files.pop(name, None) is None:
            raise BadInputError(f"{row.place}: the solution has no {name} to delete.")
    for name in (*row.variant.files, *(entry.name for entry in _own(row))):
        files.pop(name, None)
    for name, text in _edited(row, files).items():
        files[name] = files[name]._replace(data=text.encode())
    files |= {name: File(text.encode()) for name, text in row.variant.files.items()}
    return [_entry(name, file) for name, file in files.items()]


def _edited(row: Row, files: Files) -> dict[str, str]:
    """The texts among some files after a row's edits."""
    texts = {name: text for name, file in files.items() if (text := _text(file)) is not None}
    try:
        replaced = [Edit(old, new) for old, new in row.variant.replace.items()]
        return apply(texts, [*replaced, *parse_diff(row.variant.diff)])
    except BadInputError as error:
        raise BadInputError(f"{row.place}: {error}") from None


def _text(file: File) -> str | None:
    try:
        return file.data.decode()
    except UnicodeDecodeError:
        return None


def _entry(name: str, file: File) -> Entry:
    return in_memory(name, file.data, executable=file.executable)
