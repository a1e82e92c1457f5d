from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import zipped

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    inner = zipped(folder, [("work.zip", b"\0" * 40_000_000)])
    return zipped(folder, [("all.zip", inner.read_bytes())])
