"""The forms that are of one submission: Gradescope's and Classroom 50's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from packerlab.writers.classroom50 import write_classroom50
from packerlab.writers.gradescope import write_gradescope
from tests.writers.a_class import a_class, check, report

GOLDEN = Path(__file__).parent / "golden"
RUNNER = {
    "CLASSROOM": "cs",
    "ASSIGNMENT": "first-build",
    "OWNER": "alice",
    "ASSIGNMENT_TYPE": "individual",
    "SUBMISSION_TAG": "submit/2026-06-01T14-32-05Z-a1b2c3d",
    "COMMIT_URL": "https://example.org/c",
    "RELEASE_URL": "https://example.org/r",
    "REVIEW_URL": "https://example.org/v",
}
TEXTS = {"text", "simple_format", "html", "md", "ansi"}
VISIBLE = {"hidden", "after_due_date", "after_published", "visible"}


def lines(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.splitlines()]


def test_gradescope_gets_these_results() -> None:
    data = b"".join(write_gradescope(a_class()))
    assert data == (GOLDEN / "gradescope.jsonl").read_bytes()
    assert [result.get("score") for result in lines(data)] == [10, 3, 0, None, None]


def test_gradescope_gets_only_what_it_knows() -> None:
    for result in lines(b"".join(write_gradescope(a_class()))):
        assert {result[key] for key in result if key.endswith("_format")} <= TEXTS
        assert {result["visibility"], result["stdout_visibility"]} <= VISIBLE
        for test in result["tests"]:
            assert test["status"] in ("passed", "failed")
            assert set(test) <= {"score", "max_score", "status", "name", "number", "output",
                                 "visibility", "extra_data"}  # fmt: skip


def test_gradescope_is_given_no_points_where_nothing_may_be_scored() -> None:
    """Without any score it reports a fault of the autograder, and no zero."""
    unscored = [
        each for each in lines(b"".join(write_gradescope(a_class()))) if "score" not in each
    ]
    assert len(unscored) == 2
    assert not any("score" in test for each in unscored for test in each["tests"])


def test_classroom50_gets_these_results() -> None:
    data = b"".join(write_classroom50(a_class(), RUNNER))
    assert data == (GOLDEN / "classroom50.jsonl").read_bytes()
    assert [result["score"] for result in lines(data)] == [10, 3, 0]  # who has none is left out


def test_classroom50_gets_all_that_it_asks_for_and_integers_only() -> None:
    for result in lines(b"".join(write_classroom50(a_class(), RUNNER))):
        for key in ("schema", "classroom", "assignment", "owner", "assignment_type", "submission",
                    "commit", "release", "review", "datetime"):  # fmt: skip
            assert isinstance(result[key], str), key
            assert result[key], key
        for each in (result, *result["tests"]):
            assert type(each["score"]) is type(each["max-score"]) is int
        assert all(type(test["passed"]) is bool for test in result["tests"])


def test_without_a_runner_what_is_not_known_is_empty() -> None:
    (result,) = lines(b"".join(write_classroom50([report("ada", [check("a", "A.", 1)])], {})))
    assert (result["owner"], result["assignment"]) == ("ada", "101_first_build")
    assert (result["classroom"], result["datetime"]) == ("", "")
