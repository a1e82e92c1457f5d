from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import solution, written

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    mark = folder.parent.parent / "pwned"
    code = f"open({str(mark)!r}, 'a').write(__file__)\nraise SystemExit\n"
    return written(
        folder.with_name("multiprocessing"), {**solution(), "__init__.py": code.encode()}
    )
