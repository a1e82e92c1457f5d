from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import solution, zipped

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    names = ("caf\N{LATIN SMALL LETTER E WITH ACUTE}.txt", "cafe\N{COMBINING ACUTE ACCENT}.txt")
    return zipped(folder, [*solution().items(), *((name, b"") for name in names)])
