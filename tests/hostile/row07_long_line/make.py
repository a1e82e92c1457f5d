from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import solution, written

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    return written(folder, {**solution(), "more.pkr.hcl": b'locals { a = "' + b"x" * 3_000_000})
