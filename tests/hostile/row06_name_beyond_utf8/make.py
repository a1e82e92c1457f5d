from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.hostile.making import solution, written

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    written(folder, solution())
    with open(os.path.join(os.fsencode(folder), b"notes\xff\xfe.txt"), "wb"):  # noqa: PTH118, PTH123
        return folder
