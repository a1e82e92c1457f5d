"""The words that read as translated are found where people read, and nowhere else."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "scripts" / "words.py"


def findings(file: Path) -> list[tuple[int, str]]:
    done = subprocess.run(
        [sys.executable, SCRIPT, file], capture_output=True, text=True, check=False
    )
    found = re.findall(r":(\d+): '(.+?)': write ", done.stdout)
    assert done.returncode == bool(found), done.stderr
    return sorted((int(line), word) for line, word in found)


def test_a_page_is_read_outside_its_code_blocks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Mended\n\nThis belongs\ninto the image.\n\n```console\n$ echo mended\n```\n\n"
        "    ```text\n    whoever\n    ```\n\nThe log is told to whoever asks.\n"
    )
    assert findings(page) == [(1, "Mended"), (3, "belongs into"), (14, "is told"), (14, "whoever")]


def test_a_program_is_read_in_its_texts_and_comments(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text('"""Shows the\n\nholes."""\n\nmended = ""  # that is mended\n')
    assert findings(program) == [(3, "holes"), (5, "mended")]


def test_a_text_without_them(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("You fix a whole template, which belongs in Git. Amends pass.\n")
    assert findings(page) == []
