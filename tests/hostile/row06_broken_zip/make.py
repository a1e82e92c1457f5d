from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import solution, zipped

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    files = {**solution(), "caf\N{LATIN SMALL LETTER E WITH ACUTE}.txt": b"x"}
    path = zipped(folder, files.items())
    name = "caf\N{LATIN SMALL LETTER E WITH ACUTE}".encode()
    first, _, rest = path.read_bytes().partition(name)
    path.write_bytes(first + name[:-2] + b"\xff\xff" + rest)
    return path
