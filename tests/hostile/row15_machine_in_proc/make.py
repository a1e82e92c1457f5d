from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import GREETS, TELL, by_program, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
import contextlib, glob

loot = []
for path in glob.glob("/proc/[0-9]*/cmdline"):
    with contextlib.suppress(OSError), open(path) as file:
        loot += [path for word in file.read().split("\0") if word in ("--ro-bind", "--tmpfs")]
for name in ("bootconfig", "cmdline", "diskstats", "modules", "partitions", "swaps"):
    with contextlib.suppress(OSError), open(f"/proc/{name}") as file:
        loot += [name] if file.read() else []
"""


def make(folder: Path) -> Path:
    return written(folder, by_program((GREETS + ATTACK + TELL).encode()))
