from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

from tests.hostile.making import members, solution, tarred

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    device = tarfile.TarInfo("disk")
    device.type, device.devmajor, device.devminor = tarfile.BLKTYPE, 8, 0
    return tarred(folder, [*members(solution()), (device, b"")])
