from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packerlab.report import (
    VERDICTS,
    Check,
    Digests,
    Outcome,
    Report,
    Run,
    Status,
    Where,
    blocked,
    conclude,
    decode,
    encode,
)

PASSED = Check("test_a", "It builds.", "passed", 3, 3)
HALF = Check("test_b", "It says so.", "failed", 2, 4, message="It says nothing.")
BLOCKED = Check("test_c", "It ends.", "blocked", 0, 2, blocked_by="test_b")
INCAPABLE = Check("test_d", "It boots.", "incapable", 0, 5, message="This machine has no qemu.")


# --- the scoring rules ---


@pytest.mark.parametrize("status", ["graded", "timeout", "limit"])
def test_what_finished_counts(status: Status) -> None:
    report = conclude("101_a", [PASSED, HALF, BLOCKED], status, "why")
    assert (report.score, report.max_score, report.complete) == (5, 9, True)
    assert (report.status, report.reason, report.format) == (status, "why", 1)
    assert report.checks == [PASSED, HALF, BLOCKED]


def test_a_rejected_submission_has_zero_and_every_check_is_blocked() -> None:
    report = conclude("101_a", [PASSED, HALF], "rejected", "it holds a link.")
    assert (report.score, report.max_score, report.complete) == (0, 7, True)
    assert {check.outcome for check in report.checks} == {"blocked"}
    assert [check.points for check in report.checks] == [0, 0]


def test_a_rejection_is_complete_whatever_this_machine_lacks() -> None:
    report = conclude("101_a", [PASSED, INCAPABLE], "rejected", "it holds a link.")
    assert (report.score, report.complete) == (0, True)


@pytest.mark.parametrize("status", ["graded", "timeout", "limit"])
def test_what_this_machine_can_t_check_is_never_zero(status: Status) -> None:
    report = conclude("101_a", [PASSED, INCAPABLE], status)
    assert (report.score, report.max_score, report.complete) == (None, 8, False)


def test_a_fault_of_ours_has_no_score() -> None:
    report = conclude("101_a", [PASSED, HALF], "fault", "the grader broke.")
    assert (report.score, report.max_score, report.complete) == (None, 7, False)


def test_nothing_to_check_is_no_division_and_no_failure() -> None:
    report = conclude("101_a", [])
    assert (report.score, report.max_score, report.complete) == (0, 0, True)


@pytest.mark.parametrize(
    ("checks", "status", "verdict"),
    [
        ([PASSED], "graded", "passed"),
        ([PASSED, HALF], "graded", "failed"),
        ([PASSED, BLOCKED], "graded", "failed"),
        ([PASSED, INCAPABLE], "graded", "incomplete"),
        ([PASSED], "rejected", "rejected"),
        ([PASSED], "timeout", "timeout"),
        ([PASSED], "limit", "limit"),
        ([PASSED], "fault", "fault"),
    ],
)
def test_every_report_has_one_verdict(checks: list[Check], status: Status, verdict: str) -> None:
    report = conclude("101_a", checks, status)
    assert report.verdict == verdict
    assert report.passed == (verdict == "passed")
    assert verdict in VERDICTS


def test_a_blocked_check_says_nothing_of_the_learner_s_work() -> None:
    done = Check(
        "test_a", "It builds.", "failed", 1, 3, "wrong", "a", "b", Where("a", 1), ["hint"], "docs"
    )
    assert blocked(done, "not reached", "test_b") == Check(
        "test_a", "It builds.", "blocked", 0, 3, "not reached", docs="docs", blocked_by="test_b"
    )


# --- its bytes ---

CHECKS = st.builds(
    Check,
    name=st.text(),
    title=st.text(),
    outcome=st.sampled_from(get_args(Outcome)),
    points=st.integers(0, 100),
    max_points=st.integers(0, 100),
    message=st.text(),
    expected=st.text(),
    found=st.text(),
    where=st.none() | st.builds(Where, st.text(), st.integers(1, 10**6), st.integers(0, 10**6)),
    hints=st.lists(st.text(), max_size=3),
    docs=st.text(),
    blocked_by=st.text(),
)


@given(st.lists(CHECKS, max_size=4), st.sampled_from(get_args(Status)), st.text())
def test_what_is_written_is_read_back(checks: list[Check], status: Status, reason: str) -> None:
    report = conclude("101_a", checks, status, reason)
    assert decode(encode(report)) == report


GOLDEN = """\
{
 "format": 1,
 "lab": "101_first_build",
 "status": "graded",
 "reason": "",
 "complete": true,
 "score": 2,
 "max_score": 5,
 "checks": [
  {
   "name": "test_message_of_the_day",
   "title": "The build writes both lines to out/motd.txt.",
   "outcome": "passed",
   "points": 2,
   "max_points": 2,
   "message": "",
   "expected": "",
   "found": "",
   "where": null,
   "hints": [],
   "docs": "",
   "blocked_by": ""
  },
  {
   "name": "test_greeting",
   "title": "The greeting is a variable.",
   "outcome": "failed",
   "points": 0,
   "max_points": 3,
   "message": "It is written out.",
   "expected": "var.greeting",
   "found": "Gr\u00fc\u00df \\"Gott\\"\\n",
   "where": {
    "file": "main.pkr.hcl",
    "line": 3,
    "column": 0
   },
   "hints": [
    "Look at `content`."
   ],
   "docs": "beginner/101_first_build#sources",
   "blocked_by": ""
  }
 ],
 "digests": {
  "submission": "sha256:0a",
  "lab": "sha256:0b",
  "grader": "sha256:0c",
  "engine": "sha256:0d",
  "packer": "sha256:0e",
  "policy": "sha256:0f"
 },
 "run": {
  "learner": "ada",
  "name": "Ada",
  "id": "11",
  "attempt": 2,
  "handed_in": "2026-11-30T14:05:09",
  "late": true,
  "workspace": "attempt 2",
  "passed_over": [
   ".DS_Store"
  ],
  "sandbox": "bubblewrap",
  "limits": {
   "cpu_s": 30
  },
  "packer": "1.16.0",
  "seconds": 1.25,
  "check_seconds": {
   "test_greeting": 0.5
  },
  "deducted": 1,
  "overrides": {
   "test_greeting": "It was the file's fault."
  },
  "cpu_seconds": 0.75,
  "grader_cpu_seconds": 0.25,
  "retry": false
 }
}
"""


def test_golden_bytes() -> None:
    where = Where("main.pkr.hcl", 3)
    checks = [
        Check(
            "test_message_of_the_day",
            "The build writes both lines to out/motd.txt.",
            "passed",
            2,
            2,
        ),
        Check(
            "test_greeting",
            "The greeting is a variable.",
            "failed",
            0,
            3,
            "It is written out.",
            "var.greeting",
            'Gr\u00fc\u00df "Gott"\n',
            where,
            ["Look at `content`."],
            "beginner/101_first_build#sources",
        ),
    ]
    report = msgspec.structs.replace(
        conclude("101_first_build", checks),
        digests=Digests(*(f"sha256:0{letter}" for letter in "abcdef")),
        run=Run(
            learner="ada",
            name="Ada",
            id="11",
            attempt=2,
            handed_in="2026-11-30T14:05:09",
            late=True,
            workspace="attempt 2",
            passed_over=[".DS_Store"],
            sandbox="bubblewrap",
            limits={"cpu_s": 30},
            packer="1.16.0",
            seconds=1.25,
            check_seconds={"test_greeting": 0.5},
            deducted=1,
            overrides={"test_greeting": "It was the file's fault."},
            cpu_seconds=0.75,
            grader_cpu_seconds=0.25,
        ),
    )
    assert encode(report).decode() == GOLDEN


def changed(**changes: Any) -> bytes:
    built = msgspec.json.decode(encode(conclude("101_a", [PASSED])))
    return msgspec.json.encode({**built, **changes})


def test_a_later_reader_s_fields_are_passed_over() -> None:
    assert decode(changed(more={"a": [1]})) == conclude("101_a", [PASSED])


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "truncated"),
        (b"null", "Expected `object`"),
        (b"{}", "missing required field `format`"),
        (b'{"format": 1', "truncated"),
        (b"\xff\xfe", "malformed"),
        (b"[" * 100_000, "object"),
        (changed(more=1)[:-1] + b', "deep": ' + b"[" * 100_000 + b"}", "nested too deeply"),
        (changed(format=2), "format is 2, this packerlab reads 1"),
        (changed(score="7"), r"\$.score"),
        (changed(score=1.5), r"\$.score"),
        (changed(status="won"), r"\$.status"),
        (changed(complete=1), r"\$.complete"),
        (changed(checks=[{"name": 1}]), r"\$.checks\[0\].name"),
        (changed(checks=[{**msgspec.to_builtins(PASSED), "outcome": "x"}]), "outcome"),
        (changed(lab=None), r"\$.lab"),
        (changed().replace(b'"score":3', b'"score":NaN'), "malformed"),
        (changed().replace(b'"score":3', b'"score":1e999'), "score|range"),
    ],
)
def test_what_does_not_fit_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(msgspec.DecodeError, match=says):
        decode(data)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    try:
        report = decode(data)
    except msgspec.DecodeError:
        return
    assert isinstance(report, Report)


def test_a_report_without_checks_passes_nothing() -> None:
    assert not conclude("101_first_build", []).passed


def test_a_mark_is_what_is_left_of_the_score() -> None:
    report = conclude("101_a", [PASSED])
    late = msgspec.structs.replace(report, run=Run(deducted=1))
    far_too_late = msgspec.structs.replace(report, run=Run(deducted=100))
    nothing = msgspec.structs.replace(late, score=None)
    assert (late.mark, far_too_late.mark, nothing.mark) == (report.max_score - 1, 0, None)
