from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import on_an_instance, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
sudo sh -c 'printf "#!/bin/sh\nexit 3\n" > /lab/init; kill -HUP 1'
sleep 30
"""


def make(folder: Path) -> Path:
    return written(folder, on_an_instance(ATTACK))
