from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import on_an_instance, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
sudo sh -c 'rm /etc/passwd /etc/word; mkfifo /etc/passwd /etc/word'
"""


def make(folder: Path) -> Path:
    return written(folder, on_an_instance(ATTACK))
