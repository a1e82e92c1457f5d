from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import solution, zipped

if TYPE_CHECKING:
    from pathlib import Path



def make(folder: Path) -> Path:
    path = zipped(folder, [*solution().items()])
    data = bytearray(path.read_bytes())
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        data[at + 8] |= 1  # the flag for encryption, in the list of files
        at = data.find(b"PK\x01\x02", at + 4)
    path.write_bytes(data)
    return path
