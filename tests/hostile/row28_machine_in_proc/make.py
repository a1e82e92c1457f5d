from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import on_an_instance, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
cd /proc
test -z "$(sudo cat bootconfig cmdline diskstats modules partitions swaps 2> /dev/null)"
"""


def make(folder: Path) -> Path:
    return written(folder, on_an_instance(ATTACK))
