"""What the contract test can't see from outside (what it does is that test's matter)."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from packerlab.course import PACKAGE

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = PACKAGE / "inside" / "supervisor.py"


CONTROL = {"control.py", "endpoint.py"}
INSIDE = [path for path in sorted((PACKAGE / "inside").glob("*.py")) if path.name not in CONTROL]
INSIDE += sorted((PACKAGE / "inside" / "modes").glob("*.py"))


INSIDE.append(PACKAGE / "sandbox" / "seccomp.py")


@pytest.mark.parametrize("path", INSIDE, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_it_imports_the_standard_library_and_its_neighbours(path: Path) -> None:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names |= {str(node.module).partition(".")[0]} - {"packerlab"}
    assert names <= sys.stdlib_module_names


def test_it_runs_alone_and_ends_with_its_input() -> None:
    config = {"mode": "plain", "seccomp": "", "group": [], "memory": 1, "disk": 1}
    namespaces = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc"]
    if subprocess.run([*namespaces, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system lets no user make namespaces")
    ran = subprocess.run(
        [*namespaces, sys.executable, "-I", "-S", "-B", str(SOURCE), json.dumps(config)],
        input=b"",
        capture_output=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b'{"ready": true}\n', b"")


def test_it_refuses_to_run_where_it_would_kill_others() -> None:
    ran = subprocess.run(
        [sys.executable, SOURCE, "{}"], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (1, "A supervisor must be pid 1.\n")
