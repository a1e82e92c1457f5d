from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import with_an_engine, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
libc = ctypes.CDLL(None, use_errno=True)
networks = []
while len(networks) < 300 and libc.unshare(0x40000000) == 0:
    networks.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY))
if len(networks) > 100:
    loot.append(f"{len(networks)} networks")
"""


def make(folder: Path) -> Path:
    return written(folder, with_an_engine(ATTACK))
