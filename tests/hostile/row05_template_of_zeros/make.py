from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    path = folder.with_suffix(".pkr.hcl")
    path.symlink_to("/dev/zero")
    return path
