from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import solution, zipped

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    files = [*solution().items(), ("../../row06_escaped.txt", b"locals {}\n")]
    inner = zipped(folder, files)
    return zipped(folder, [("homework/work.zip", inner.read_bytes())])
