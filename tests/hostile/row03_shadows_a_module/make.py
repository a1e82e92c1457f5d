from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    path = folder.with_name("selectors.py")
    mark = folder.parent.parent / "pwned"
    path.write_text(f"open({str(mark)!r}, 'a').write(__file__)\nraise SystemExit\n")
    return path
