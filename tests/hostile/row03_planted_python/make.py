from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hostile.making import solution, written

if TYPE_CHECKING:
    from pathlib import Path


PLANTED = (
    "conftest.py", "sitecustomize.py", "usercustomize.py", "test_901_message.py", "selectors.py",
    "typing.py", "msgspec.py", "packerlab/__init__.py", "graders/test_901_message.py",
)  # fmt: skip


def make(folder: Path) -> Path:
    mark = folder.parent.parent / "pwned"
    code = f"open({str(mark)!r}, 'a').write(__file__)\n"
    files = {name: code.encode() for name in PLANTED}
    files["zz.pth"] = f"import os; {code}".encode()
    files["pytest.ini"] = b"[pytest]\naddopts = -p conftest --maxfail=0 --collect-only\n"
    files["pyproject.toml"] = b"[tool.pytest.ini_options]\naddopts = '-p conftest'\n"
    files["setup.cfg"] = b"[tool:pytest]\naddopts = -p conftest\n"
    files["tox.ini"] = b"[pytest]\naddopts = -p conftest\n"
    files[".env"] = b"PYTEST_ADDOPTS=-p conftest\nPYTHONPATH=.\n"
    right = solution()
    wrong = right["main.pkr.hcl"].replace(b"${var.name}", b"nobody")
    return written(folder, {**files, **right, "main.pkr.hcl": wrong})
