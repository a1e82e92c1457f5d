from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import on_an_instance, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
sudo sh -c 'head -c 300000000 /dev/zero > /full; for i in 1 2 3 4 5; do head -c 4096 /dev/zero > /full$i; done' 2>/dev/null
true
"""


def make(folder: Path) -> Path:
    return written(folder, on_an_instance(ATTACK))
