"""gradescope-utils: unittest for Gradescope's autograder, laid out as Gradescope's own example is.

Gradescope runs `run_autograder` in a container for each submission, with the autograder in
/autograder/source and the submission beside it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks.peers.grader import ANSWER, Grader, written

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from benchmarks.peers.grader import Files

RUN_AUTOGRADER = f"""\
cp /autograder/submission/{ANSWER} /autograder/source/{ANSWER}
cd /autograder/source
python3 run_tests.py
"""
RUN_TESTS = """\
import unittest

from gradescope_utils.autograder_utils.json_test_runner import JSONTestRunner

suite = unittest.defaultTestLoader.discover("tests")
with open("/autograder/results/results.json", "w") as file:
    JSONTestRunner(visibility="visible", stream=file).run(suite)
"""
TESTS = """\
import secrets
import unittest

from answer import greet
from gradescope_utils.autograder_utils.decorators import weight


class TestGreet(unittest.TestCase):
    @weight(1)
    def test_greets(self):
        name = secrets.token_hex(4)
        expected = f"Hello, {name}!"
        self.assertEqual(greet(name), expected)
"""


class Gradescope(Grader):
    name = "gradescope-utils"
    requires = ("gradescope-utils==0.5.0",)
    check = "calls a function in the tests' process"
    isolation = "none; Gradescope has a container for each"
    right = 'def greet(name):\n    return f"Hello, {name}!"\n'
    wrong = 'def greet(name):\n    return "wrong"\n'
    at = "/autograder"
    apart = True
    together = False

    def prepare(self, place: Path) -> list[str]:
        written(place / "source", {"run_tests.py": RUN_TESTS, "tests/test_greet.py": TESTS})
        return ["mkdir", "home", "results", "submission"]

    def hand_in(self, place: Path, submissions: Mapping[str, Files]) -> list[str]:
        (files,) = submissions.values()
        written(place / "submission", files)
        return ["bash", "-c", RUN_AUTOGRADER]

    def passed(self, place: Path, learner: str) -> bool:  # noqa: ARG002  (there is one)
        try:
            score = json.loads((place / "results" / "results.json").read_text())["score"]
        except (KeyError, OSError, ValueError):
            return False
        return bool(score == 1)
