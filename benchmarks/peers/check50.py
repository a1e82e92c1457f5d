"""check50: CS50's checks, which run a learner's program and read what it prints."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks.peers.grader import Grader, written

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks.peers.grader import Files

CHECKS = """\
import secrets

import check50


@check50.check()
def greets():
    \"""greets by name\"""
    name = secrets.token_hex(4)
    expected = f"Hello, {name}!"
    program = check50.run("python3 answer.py").stdin(name, prompt=False)
    program.stdout(expected, regex=False).exit(0)
"""
EACH = """\
for folder in submissions/*; do
  result=/grading/results/$(basename $folder).json
  (cd $folder && check50 /grading/checks --dev --output json --output-file $result)
done
"""


class Check50(Grader):
    name = "check50"
    requires = ("check50==3.5.0",)
    check = "runs a program, reads its output"
    isolation = "a process for each program; its own service has containers"
    right = 'print(f"Hello, {input()}!")\n'
    wrong = 'input()\nprint("wrong")\n'
    apart = True
    together = True

    def prepare(self, place: Path) -> list[str]:
        written(place / "checks", {".cs50.yaml": "check50: true\n", "__init__.py": CHECKS})
        return ["mkdir", "home", "results", "submissions"]

    def hand_in(self, place: Path, submissions: Mapping[str, Files]) -> list[str]:
        for learner, files in submissions.items():
            written(place / "submissions" / learner, files)
        return ["bash", "-c", EACH]

    def passed(self, place: Path, learner: str) -> bool:
        try:
            report = json.loads((place / "results" / f"{learner}.json").read_text())
            return [result["passed"] for result in report["results"]] == [True]
        except (KeyError, OSError, ValueError):
            return False
