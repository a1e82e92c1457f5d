from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from tests.hostile.making import solution, zipped

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return zipped(folder, [*solution().items(), ("main.pkr.hcl", b"locals {}\n")])
