from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    path = folder.with_name(f"{folder.name}.tar.gz")
    path.write_bytes(gzip.compress(bytes(40_000_000)))
    return path
