from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import BY_USER, GREETS, by_program, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
fill_by_user()
time.sleep(2)
"""


def make(folder: Path) -> Path:
    return written(folder, by_program((GREETS + BY_USER + ATTACK).encode()))
