from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import solution, zipped

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    path = zipped(folder, [*solution().items()])
    data = bytearray(path.read_bytes())
    last = data.rfind(b"PK\x01\x02")
    data[last + 8] |= 1  # the flag for encryption, in the list of files
    path.write_bytes(data)
    return path
