from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import solution, zipped

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    files = [
        (f"w{number}/{name}", data) for number in range(300) for name, data in solution().items()
    ]
    return zipped(folder, files)
