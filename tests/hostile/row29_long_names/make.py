from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import on_an_instance, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
sudo perl -e 'for (1..15) { $d .= "/" . "n" x 250; mkdir "/opt$d" } for (1..2000) { open F, ">", "/opt$d/$_" . "m" x 200 }'
"""


def make(folder: Path) -> Path:
    return written(folder, on_an_instance(ATTACK))
