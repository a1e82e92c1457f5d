from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import with_an_engine, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
os.mkdir("out")
head = tarfile.TarInfo("a")
head.size = 100_000_000
with open("out/0.tar", "wb") as file:
    file.write(head.tobuf())
    file.truncate(100_001_024)
for number in range(1, 9):
    os.link("out/0.tar", f"out/{number}.tar")
"""


def make(folder: Path) -> Path:
    return written(folder, with_an_engine(ATTACK))
