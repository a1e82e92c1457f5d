"""Otter-Grader: tests that run in the kernel which ran the learner's file or notebook.

`otter grade` runs `otter run` in a container for each submission. Its image needs downloads from
elsewhere, so `otter run` itself is what runs here, in a box for each.
"""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

from benchmarks.peers.grader import ANSWER, Grader, written

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks.peers.grader import Files

TESTS = """\
OK_FORMAT = False

import secrets

from otter.test_files import test_case

name = "greet"
points = 1


@test_case(hidden=True)
def test_greets(greet):
    name = secrets.token_hex(4)
    expected = f"Hello, {name}!"
    assert greet(name) == expected
"""
EACH = """\
for file in submissions/*/hand_in.*; do
  learner=$(basename $(dirname $file))
  otter run $file --autograder autograder.zip --output-dir results/$learner --no-logo
done
"""


class Otter(Grader):
    name = "otter-grader"
    requires = ("otter-grader[grading]==7.0.0",)
    check = "calls a function in the kernel that ran the file"
    isolation = "a kernel; `otter grade` has a container for each"
    right = 'def greet(name):\n    return f"Hello, {name}!"\n'
    wrong = 'def greet(name):\n    return "wrong"\n'
    apart = True
    together = True

    def prepare(self, place: Path) -> list[str]:
        written(place, {"tests/greet.py": TESTS})
        make = "mkdir home results submissions && otter generate --tests-dir tests && rm -r tests"
        return ["bash", "-c", make]

    def hand_in(self, place: Path, submissions: Mapping[str, Files]) -> list[str]:
        for learner, files in submissions.items():
            (place / "results" / learner).mkdir()
            folder = place / "submissions" / learner
            if files.keys() == {ANSWER}:
                written(folder, {"hand_in.py": files[ANSWER]})
                continue
            folder.mkdir()
            with zipfile.ZipFile(folder / "hand_in.zip", "w") as archive:
                for name, text in files.items():
                    archive.writestr(name, text)
        return ["bash", "-c", EACH]

    def passed(self, place: Path, learner: str) -> bool:
        try:
            report = json.loads((place / "results" / learner / "results.json").read_text())
        except (OSError, ValueError):
            return False
        return [test["score"] for test in report["tests"] if test["name"] == "greet"] == [1]
