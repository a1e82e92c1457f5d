from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import solution, written

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    written(folder, solution())
    (folder / "out").symlink_to("/")
    return folder
