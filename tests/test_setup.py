"""`make setup` shows what it does, and ends as pip ends."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from scripts.setup import EVERY, shown, tell

if TYPE_CHECKING:
    import pytest

PIP = """
import sys
for number in range({packages}):
    print(f"Collecting package-{{number}}==1.0 (from -r requirements.lock)")
    print("  Using cached package")
print("Installing collected packages: package-0")
print("no such wheel", file=sys.stderr)
sys.exit({code})
"""


def test_each_package_counts(capfd: pytest.CaptureFixture[str]) -> None:
    code = PIP.format(packages=2 * EVERY + 1, code=0)
    assert shown([sys.executable, "-c", code]) == 0
    lines = capfd.readouterr().out.splitlines()
    assert [line.strip() for line in lines] == [
        f"{EVERY} packages",
        f"{2 * EVERY} packages",
        f"installing {2 * EVERY + 1} packages",
    ]


def test_its_errors_are_pip_s(capfd: pytest.CaptureFixture[str]) -> None:
    assert shown([sys.executable, "-c", PIP.format(packages=1, code=2)]) == 2
    assert "no such wheel" in capfd.readouterr().err


def test_on_a_terminal_one_line_changes(capsys: pytest.CaptureFixture[str]) -> None:
    tell(1, "rich", on_terminal=True)
    tell(2, "typer", on_terminal=True)
    assert capsys.readouterr().out == "\r\x1b[K  1 rich\r\x1b[K  2 typer"
