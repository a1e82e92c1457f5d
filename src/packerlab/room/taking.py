"""What was uploaded becomes a workspace, by the same bounded reader as everything handed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packerlab.errors import RejectedError
from packerlab.submissions.archives import in_memory
from packerlab.submissions.reader import entries_in
from packerlab.submissions.workspaces import find_workspaces, marker_of, submission, why_none
from packerlab.text import visible

if TYPE_CHECKING:
    from packerlab.lab import Lab
    from packerlab.submissions.archives import Entry
    from packerlab.submissions.workspaces import Submission


class Upload(NamedTuple):
    """A file as a browser or curl sends it: its name says what it is, and is no path of ours."""

    name: str
    data: bytes


def workspace(uploads: list[Upload], lab: Lab) -> Submission:
    """The workspace of a lab in what was uploaded, or RejectedError: one archive, or its files."""
    entries = [in_memory(_base(each.name), each.data) for each in uploads if each.name]
    if not entries:
        raise RejectedError("choose the files to hand in: there was none.")
    tree = entries_in(entries[0]) if len(entries) == 1 else entries
    found = find_workspaces(tree, any_template=True)
    if not found.folders:
        raise RejectedError(why_none(found.entries, any_template=True))
    return submission(found.entries, _folder(found.entries, found.folders, lab))


def _base(name: str) -> str:
    """A file's name without the folders that some browsers send before it."""
    return name.replace("\\", "/").rpartition("/")[2]


def _folder(entries: list[Entry], folders: list[str], lab: Lab) -> str:
    """The folder of a lab's workspace; others may be there with their markers."""
    markers = {folder: marker_of(entries, folder) for folder in folders}
    named = {folder: marker.lab for folder, marker in markers.items() if marker}
    own = [folder for folder in folders if named.get(folder, "") in ("", lab.slug)]
    if not own:
        other = visible(next(iter(named.values())))
        raise RejectedError(f"this is a workspace of {other}, not of {lab.slug}: hand it in there.")
    marked = [folder for folder in own if named.get(folder)] or own
    if len(marked) > 1:
        names = ", ".join(visible(folder) for folder in marked[:5])
        raise RejectedError(f"there are {len(marked)} workspaces in it; pack one of them: {names}.")
    return marked[0]
