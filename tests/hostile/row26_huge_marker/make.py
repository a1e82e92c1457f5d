from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import MARKER, marker, solution, written

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    large = marker("901_message") + b"# " + b"x" * 1_000_000
    return written(folder, {**solution(), MARKER: large})
