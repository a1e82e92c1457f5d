from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

from tests.hostile.making import members, solution, tarred

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    path = tarred(folder, members(solution()))
    header = bytearray(tarfile.TarInfo("back").tobuf(tarfile.GNU_FORMAT))
    header[124:136] = (-1024).to_bytes(12, "big", signed=True)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    data = path.read_bytes().rstrip(b"\0")
    data += bytes(-len(data) % tarfile.BLOCKSIZE)
    path.write_bytes(data + header + bytes(10_240))
    return path
