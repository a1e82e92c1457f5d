from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import FILTERS, with_an_engine, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
taken = fill_filters()
if taken > 20:
    loot.append(f"{taken} filters")
"""


def make(folder: Path) -> Path:
    return written(folder, with_an_engine(FILTERS + ATTACK))
