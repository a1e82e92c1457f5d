"""nbgrader: notebooks with cells for answers and for tests, run by one kernel for each learner."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

from benchmarks.peers.grader import ANSWER, Grader, written

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks.peers.grader import Files

SOLUTION = """\
### BEGIN SOLUTION
def greet(name):
    return f"Hello, {name}!"
### END SOLUTION
"""
TESTS = """\
### BEGIN HIDDEN TESTS
import secrets
name = secrets.token_hex(4)
expected = f"Hello, {name}!"
assert greet(name) == expected
### END HIDDEN TESTS
"""
CONFIG = """\
c = get_config()
c.CourseDirectory.course_id = "greetings"
"""


class Nbgrader(Grader):
    name = "nbgrader"
    requires = ("nbgrader==0.9.6",)
    check = "a cell of tests in the learner's kernel"
    isolation = "a kernel for each; a kernel in a container can be set up"
    right = 'def greet(name):\n    return f"Hello, {name}!"\n'
    wrong = 'def greet(name):\n    return "wrong"\n'
    apart = False
    together = True
    collect = ("nbgrader", "export")

    def prepare(self, place: Path) -> list[str]:
        source = json.dumps(notebook(SOLUTION))
        written(place, {"nbgrader_config.py": CONFIG, "source/greeting/greeting.ipynb": source})
        return ["bash", "-c", "mkdir home && nbgrader generate_assignment greeting"]

    def hand_in(self, place: Path, submissions: Mapping[str, Files]) -> list[str]:
        released = json.loads((place / "release" / "greeting" / "greeting.ipynb").read_text())
        for learner, files in submissions.items():
            released["cells"][0]["source"] = files[ANSWER]
            others = {name: text for name, text in files.items() if name != ANSWER}
            folder = place / "submitted" / learner / "greeting"
            written(folder, {"greeting.ipynb": json.dumps(released), **others})
        return ["nbgrader", "autograde", "greeting"]

    def passed(self, place: Path, learner: str) -> bool:
        with (place / "grades.csv").open(newline="") as file:
            scores = {row["student_id"]: row["score"] for row in csv.DictReader(file)}
        return float(scores.get(learner, 0)) == 1


def notebook(solution: str) -> dict[str, object]:
    """The instructor's notebook: a cell for the answer, and one of hidden tests."""
    return {
        "cells": [cell("greet", solution, graded=False), cell("test_greet", TESTS, graded=True)],
        "metadata": {"kernelspec": {"display_name": "Python 3", "name": "python3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def cell(name: str, source: str, *, graded: bool) -> dict[str, object]:
    marks: dict[str, object] = {
        "grade_id": name,
        "schema_version": 3,
        "grade": graded,
        "locked": graded,
        "solution": not graded,
        "task": False,
    }
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": name,
        "metadata": {"nbgrader": marks | ({"points": 1} if graded else {})},
        "outputs": [],
        "source": source,
    }
