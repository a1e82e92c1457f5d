from __future__ import annotations

import stat
import zipfile
from typing import TYPE_CHECKING

from tests.hostile.making import solution, zipped

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    link = zipfile.ZipInfo("out")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    return zipped(folder, [*solution().items(), (link, b"/tmp"), ("out/row06_escaped.txt", b"")])
