from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import on_an_instance, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
sudo perl -e 'mkdir "/many"; for (1..21000) { open F, ">", "/many/$_" }'
"""


def make(folder: Path) -> Path:
    return written(folder, on_an_instance(ATTACK))
