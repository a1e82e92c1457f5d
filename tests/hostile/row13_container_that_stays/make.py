from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import with_an_engine, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
for number in range(4):
    docker("run", "-d", "--restart=always", "--name", f"stays{number}", "busybox", "sh", "-c",
           "trap '' TERM HUP INT; while true; do sleep 1; done")
subprocess.Popen(["setsid", "sh", "-c", "trap '' TERM HUP; while true; do docker run --rm busybox sleep 1; done"],
                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
"""


def make(folder: Path) -> Path:
    return written(folder, with_an_engine(ATTACK))
