from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import with_an_engine, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
docker("run", "--name", "mine", "busybox", "true")
os.chdir(STORE)
os.rename("overlay-layers/layers.json", "overlay-layers/old")
socket.socket(socket.AF_UNIX).bind("overlay-layers/layers.json")
"""


def make(folder: Path) -> Path:
    return written(folder, with_an_engine(ATTACK))
