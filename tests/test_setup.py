"""`make setup` shows what it does, and ends as pip ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.setup import EVERY, shown, tell

if TYPE_CHECKING:
    import pytest

WARM_UP = Path(__file__).parent.parent / "scripts" / "warm_up.py"

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


def test_what_a_sandbox_can_t_compile_is_compiled(tmp_path: Path) -> None:
    never = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": str(tmp_path)}
    done = subprocess.run([sys.executable, "-P", WARM_UP], env={**os.environ, **never}, check=False)
    assert done.returncode == 0
    kept = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.pyc")}
    for name in ("moto/ec2/responses/__init__", "packerlab/inside/supervisor", "pytest/__init__"):
        assert [path for path in kept if f"/{name}.cpython" in path], name
