from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import ACCOUNT_CLOCK, on_an_instance, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
sudo setsid sh -c 'trap "" TERM HUP; while true; do sleep 1; done' </dev/null >/dev/null 2>&1 &
sleep 600
"""


def make(folder: Path) -> Path:
    return written(folder, on_an_instance(ATTACK, lab=ACCOUNT_CLOCK))
