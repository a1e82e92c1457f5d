from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import BY_USER, with_an_engine, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
fill_by_user()
watchers = [libc.inotify_init() for _ in range(500)]
terminals = []
with contextlib.suppress(OSError):
    while len(terminals) < 500:
        terminals.append(os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY))
time.sleep(2)
"""


def make(folder: Path) -> Path:
    return written(folder, with_an_engine(BY_USER + ATTACK))
