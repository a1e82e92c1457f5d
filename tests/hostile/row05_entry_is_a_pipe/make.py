from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    os.mkfifo(path)
    return path
