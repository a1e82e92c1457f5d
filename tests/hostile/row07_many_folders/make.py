from __future__ import annotations

import gzip
import random
import tarfile
from typing import TYPE_CHECKING

from tests.hostile.making import members, solution, tarred

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    path = tarred(folder, members(solution()))
    header = tarfile.TarInfo("folder")
    header.type = tarfile.DIRTYPE
    noise = random.Random(0).randbytes(400_000)  # noqa: S311  (against the bound on the ratio)
    filler = tarfile.TarInfo("notes.txt")
    filler.size = len(noise)
    data = header.tobuf() * 50_000 + filler.tobuf() + noise + path.read_bytes()
    path.unlink()
    compressed = path.with_suffix(".tar.gz")
    compressed.write_bytes(gzip.compress(data, 1))
    return compressed
