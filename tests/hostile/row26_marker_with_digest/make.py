from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import MARKER, marker, solution, written

if TYPE_CHECKING:
    from pathlib import Path


def make(folder: Path) -> Path:
    more = b'lab_digest = "sha256:00"\nscore = 10\nstatus = "graded"\n'
    wrong = {**solution(), "main.pkr.hcl": b"locals {\n}\n"}
    return written(folder, {**wrong, MARKER: marker("901_message") + more})
