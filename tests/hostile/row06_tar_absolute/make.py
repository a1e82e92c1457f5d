from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

from tests.hostile.making import members, solution, tarred

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    evil = tarfile.TarInfo("/tmp/row06_escaped.txt")
    return tarred(folder, [*members(solution()), (evil, b"")])
