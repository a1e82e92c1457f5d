from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from tests.hostile.making import solution, zipped

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    path = zipped(folder, [*solution().items()])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_LZMA) as archive:
        archive.writestr("notes.txt", b"x" * 100)
    data = path.read_bytes()
    dictionary = b"\x5d\x00\x00\x80\x00"
    path.write_bytes(data.replace(dictionary, b"\x5d\xff\xff\xff\xff"))
    return path
