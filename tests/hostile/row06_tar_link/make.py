from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

from tests.hostile.making import members, solution, tarred

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    link = tarfile.TarInfo("out")
    link.type, link.linkname = tarfile.SYMTYPE, "../.."
    file = tarfile.TarInfo("out/row06_escaped.txt")
    return tarred(folder, [*members(solution()), (link, b""), (file, b"")])
