from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    folder.symlink_to(folder.with_name("zz_good"))
    return folder
