from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import with_an_engine, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
os.makedirs("out/deep.tar")
os.chdir("out/deep.tar")
for _ in range(2_500):
    os.mkdir("dd")
    os.chdir("dd")
os.chdir("/workspace")
"""


def make(folder: Path) -> Path:
    return written(folder, with_an_engine(ATTACK))
