"""What points given by hand come to, for a report of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from packerlab.gradebook.overrides import Override, applied, decode, encode
from packerlab.report import Check, Digests, conclude, incapable

if TYPE_CHECKING:
    from packerlab.report import Report, Status

DIGEST = "sha256:a"
FIRST = Check("test_first", "First.", "passed", 2, 2)
SECOND = Check("test_second", "Second.", "failed", 0, 5)


def given(check: str = "test_second", points: int | None = 4, work: str = DIGEST) -> Override:
    return Override(check, points, "It is right.", work, "2026-01-31")


def made(*checks: Check, status: Status = "graded") -> Report:
    report = conclude("101_lab", list(checks), status, "" if status == "graded" else "because")
    return msgspec.structs.replace(report, digests=Digests(submission=DIGEST))


def test_the_points_count_and_the_note_stands_beside_them() -> None:
    report = applied(made(FIRST, SECOND), [given()])
    assert (report.score, report.verdict) == (6, "failed")
    assert report.run.overrides == {"test_second": "It is right."}
    assert (report.checks[1].outcome, report.checks[1].points) == ("failed", 4)
    assert applied(made(FIRST, SECOND), [given(points=5)]).verdict == "passed"
    assert applied(made(FIRST, SECOND), [given("test_first", 0)]).score == 0


@pytest.mark.parametrize(
    "override", [given(points=None), given(work="sha256:b"), given("test_third")]
)
def test_what_was_taken_back_or_is_for_other_work_counts_nothing(override: Override) -> None:
    report = made(FIRST, SECOND)
    assert applied(report, [override]) == report


def test_a_check_that_is_worth_less_now_gives_no_more() -> None:
    assert applied(made(FIRST, SECOND), [given(points=9)]).score == 7


@pytest.mark.parametrize("status", ["rejected", "timeout", "limit"])
def test_a_report_that_ended_early_has_the_points_and_keeps_its_status(status: Status) -> None:
    report = applied(made(FIRST, SECOND, status=status), [given()])
    assert (report.status, report.score) == (status, 4 if status == "rejected" else 6)


def test_what_can_t_be_judged_has_a_score_once_all_of_it_was() -> None:
    third = Check("test_third", "Third.", "blocked", 0, 1, blocked_by="test_second")
    report = made(FIRST, incapable(SECOND, "old"), third)
    assert applied(report, [given()]).score is None
    whole = applied(report, [given(), given("test_third", 1)])
    assert (whole.score, whole.verdict) == (7, "failed")


def test_a_fault_has_no_score_in_any_case() -> None:
    report = applied(made(FIRST, SECOND, status="fault"), [given()])
    assert (report.score, report.verdict) == (None, "fault")


def test_it_is_written_and_read() -> None:
    assert decode(encode(given(points=None))) == given(points=None)
    with pytest.raises(msgspec.DecodeError):
        decode(encode(given()).replace(b'"format": 1', b'"format": 2'))
