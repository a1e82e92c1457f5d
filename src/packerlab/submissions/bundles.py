"""A submission as one file: a plain tar, with equal bytes for equal files, that any program opens.

The marker in it names the lab, so that every verb that takes a workspace takes the file. Reading it
is reading what somebody handed in: nothing is believed because it was once written by us.
"""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

from packerlab.submissions.leftovers import MARKER
from packerlab.submissions.reader import File, entries_of
from packerlab.submissions.workspaces import submission

if TYPE_CHECKING:
    from pathlib import Path

    from packerlab.submissions.reader import Files
    from packerlab.submissions.workspaces import Submission

SUFFIX = ".tar"


def packed(files: Files, lab: str) -> bytes:
    """The files of a submission of a lab, as a tar."""
    members = [_member(name, file) for name, file in sorted(laid_out(files, lab).items())]
    return b"".join((*members, bytes(2 * tarfile.BLOCKSIZE)))


def laid_out(files: Files, lab: str) -> Files:
    """The same files as a workspace of that lab: with a marker."""
    return {MARKER: File(f'format = 1\nlab = "{lab}"\n'.encode()), **files}


def unpacked(path: Path) -> Submission:
    """The submission in such a file. Raises RejectedError where it can't be one."""
    return submission(entries_of(path))


def _member(name: str, file: File) -> bytes:
    info = tarfile.TarInfo(name)  # without a time or an owner: the files alone decide the bytes
    info.size = len(file.data)
    info.mode = file.mode
    return info.tobuf(tarfile.PAX_FORMAT) + file.data + bytes(-info.size % tarfile.BLOCKSIZE)
