from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import on_an_instance, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
cd /opt; sudo perl -e 'for (1..5000) { mkdir q(d) x 50; chdir q(d) x 50 }'
"""


def make(folder: Path) -> Path:
    return written(folder, on_an_instance(ATTACK))
