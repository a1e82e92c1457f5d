from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import beside_an_account, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
for name in os.listdir("/proc"):
    with contextlib.suppress(OSError, ValueError):
        if b"packer" in open(f"/proc/{int(name)}/cmdline", "rb").read() and int(name) != os.getpid():
            os.kill(int(name), 9)
"""


def make(folder: Path) -> Path:
    return written(folder, beside_an_account(ATTACK))
