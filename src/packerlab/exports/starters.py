"""What a lab hands out: its starter, its task sheet, and the marker that says which lab it is."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

from packerlab.submissions.leftovers import MARKER
from packerlab.submissions.reader import File

if TYPE_CHECKING:
    from packerlab.lab import Lab
    from packerlab.submissions.reader import Files

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""When all files in our zips were changed last, so that equal files are equal bytes."""


def marker_text(lab: Lab) -> str:
    """The marker of a workspace: the only thing in it that names the lab."""
    return f'format = 1\nlab = "{lab.slug}"\nlab_digest = "{lab.digest}"\n'


def starter_files(lab: Lab) -> Files:
    """The files of a new workspace, as `packerlab start` lays them out."""
    files = {
        path.relative_to(lab.starter).as_posix(): File(
            path.read_bytes(), executable=bool(path.stat().st_mode & 0o111)
        )
        for path in sorted(lab.starter.rglob("*"))
        if path.is_file()
    }
    return {**files, "README.md": File(lab.task.read_bytes()), **_marker(lab)}


def starter_zip(lab: Lab) -> bytes:
    """A new workspace to download: one folder with the lab's name."""
    return zipped(starter_files(lab), lab.slug)


def workspace_zip(lab: Lab, files: Files) -> bytes:
    """A workspace that was read, packed again with its marker."""
    return zipped({**files, **_marker(lab)})


def zipped(files: Files, folder: str = "") -> bytes:
    """Files as a zip: the same bytes for the same files."""
    above = f"{folder}/" if folder else ""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in sorted(files.items()):
            info = zipfile.ZipInfo(above + name, _EPOCH)
            info.create_system = 3  # Unix: the rights are a file's mode
            info.external_attr = (0o100000 | file.mode) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, file.data)
    return packed.getvalue()


def _marker(lab: Lab) -> Files:
    return {MARKER: File(marker_text(lab).encode())}
