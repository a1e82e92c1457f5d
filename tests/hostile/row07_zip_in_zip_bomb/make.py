from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import solution, zipped

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    bomb = zipped(folder, [*solution().items(), ("zeros", b"\0" * 60_000_000)])
    files = [(f"w{number}.zip", bomb.read_bytes()) for number in range(50)]
    bomb = zipped(folder, files)
    return zipped(folder, [("all.zip", bomb.read_bytes())])
