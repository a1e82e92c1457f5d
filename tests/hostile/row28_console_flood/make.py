from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import on_an_instance, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
sudo sh -c '(yes "Server listening on 0.0.0.0 port 22. Accepted publickey for ubuntu" > /proc/1/fd/1 &) ; sleep 2'
true
"""


def make(folder: Path) -> Path:
    return written(folder, on_an_instance(ATTACK))
