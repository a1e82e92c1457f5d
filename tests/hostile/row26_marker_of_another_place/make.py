from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import MARKER, marker, solution, written

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    return written(folder, {**solution(), MARKER: marker("../../../tmp/901_message")})
