from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import GREETS, SOCKETS, TELL, by_program, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
held = fill_all()
if held > 300_000_000:
    loot.append(f"{held} bytes in sockets")
"""


def make(folder: Path) -> Path:
    return written(folder, by_program((GREETS + SOCKETS + ATTACK + TELL).encode()))
