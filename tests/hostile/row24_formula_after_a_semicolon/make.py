from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from tests.hostile.making import solution, zipped

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    link = zipfile.ZipInfo("a;=1+1")
    link.external_attr = 0o120777 << 16
    return zipped(folder, [*solution().items(), (link, b"main.pkr.hcl")])
