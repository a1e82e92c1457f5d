from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import solution, written

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    return written(folder, {**solution(), **{f"f/{number}": b"" for number in range(10_100)}})
