from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.hostile.making import solution, written

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    written(folder, solution())
    os.mkfifo(folder / "notes.txt")
    return folder
