from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import with_an_engine, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
for number in range(40):
    docker("run", "--name", f"c{number}", "busybox", "sh", "-c", "head -c 20000000 /dev/urandom > /file")
    docker("commit", f"c{number}", f"lab/c{number}")
"""


def make(folder: Path) -> Path:
    return written(folder, with_an_engine(ATTACK))
