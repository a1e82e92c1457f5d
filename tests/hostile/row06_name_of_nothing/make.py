from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from tests.hostile.making import solution, zipped

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    path = zipped(folder, solution().items())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("notes.txt", b"")
        archive.filelist[-1].filename = ""  # only the list of files is written after this
    return path
