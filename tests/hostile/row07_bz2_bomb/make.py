from __future__ import annotations

import bz2
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    path = folder.with_name(f"{folder.name}.tar.bz2")
    path.write_bytes(bz2.compress(bytes(40_000_000)))
    return path
