from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import with_an_engine, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
docker("run", "--name", "c", "busybox", "true")
for number in range(40):
    docker("commit", "-c", f"LABEL n={number}", "c", f"lab/c{number}")
"""


def make(folder: Path) -> Path:
    return written(folder, with_an_engine(ATTACK))
