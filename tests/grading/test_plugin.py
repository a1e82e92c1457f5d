"""The pytest side by itself: what it needs no sandbox for, and what it keeps pytest from."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.toy import ROOT

if TYPE_CHECKING:
    from pathlib import Path

ALONE = """
import json, sys
from pathlib import Path
from packerlab.course import Course
from packerlab.hcl.parsing import parse_trusted
from packerlab.grading.plugin import Grading, run_checks
from packerlab.submissions.reader import File, digest
from packerlab.submissions.workspaces import Submission

course, lab, text = sys.argv[1:]
chosen = Course(Path(course)).lab(lab)
files = {"main.pkr.hcl": File(text.encode())}
ended = []
grading = Grading(
    lab=chosen,
    submission=Submission(files, digest(files)),
    parsed=lambda: parse_trusted(files),
    packer=None,
    send=lambda check, seconds: ended.append([check.name, check.outcome, check.message]),
    plan=lambda checks: None,
)
run_checks(grading, chosen.grader)
loaded = [name for name in ("conftest", "planted", "hypothesis") if name in sys.modules]
print(json.dumps({"ended": ended, "status": grading.ending.status, "loaded": loaded}))
"""


def run_alone(lab: str, cwd: Path) -> dict[str, Any]:
    """Grade in a process of its own, without a sandbox."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", ALONE, str(ROOT), lab, 'source "file" "x" {\n}\n'],
        cwd=cwd,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_static_checks_need_no_sandbox(tmp_path: Path) -> None:
    found = run_alone("101", tmp_path)
    assert (found["status"], found["loaded"]) == ("graded", [])
    assert found["ended"] == [
        ["test_source", "passed", ""],
        ["test_files", "passed", ""],
        ["test_message", "incapable", "This check needs a sandbox with Packer."],
        ["test_default", "blocked", ""],
    ]


PLANTED = {
    "conftest.py": "import planted",
    "pytest.ini": "[pytest]\naddopts = --collect-only\npython_files = nothing.py\n",
    "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "-k nothing"\n',
    "tox.ini": "[pytest]\naddopts = -x\n",
    "setup.cfg": "[tool:pytest]\naddopts = -x\n",
}


@pytest.mark.parametrize("name", PLANTED)
def test_pytest_reads_no_file_around_it(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(PLANTED[name])
    (tmp_path / "planted.py").write_text("raise SystemExit('planted')")
    assert run_alone("112", tmp_path) == run_alone("112", tmp_path.parent)
