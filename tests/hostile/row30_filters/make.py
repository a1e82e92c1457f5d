from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import FILTERS, GREETS, TELL, by_program, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
taken = fill_filters()
if taken > 20:
    loot.append(f"{taken} filters")
"""


def make(folder: Path) -> Path:
    return written(folder, by_program((GREETS + FILTERS + ATTACK + TELL).encode()))
