from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import solution, written

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    path = folder.parent.parent / "course/labs/901_message/solution/main.pkr.hcl"
    files = solution()
    files["main.pkr.hcl"] = files["main.pkr.hcl"].replace(
        b'"Hello, ${var.name}!\\n"', f'file("{path}")'.encode()
    )
    return written(folder, files)
