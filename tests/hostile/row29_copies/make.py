from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import on_an_instance, written

if TYPE_CHECKING:
    from pathlib import Path


ATTACK = r"""
sudo sh -c 'mkdir /noise; for n in $(seq 60); do head -c 250000 /dev/urandom > /noise/$n; done'
"""
SOURCE = """\
  ami_regions = ["eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "sa-east-1", "us-east-2"]
"""


def make(folder: Path) -> Path:
    return written(folder, on_an_instance(ATTACK, SOURCE))
