from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from packerlab.report import VERDICTS, Check, Run, conclude, person
from packerlab.writers.summary import MOST_FOUND, most_needing, summarise

if TYPE_CHECKING:
    from collections.abc import Callable

    from packerlab.report import Report


def make_check(outcome: Any, found: str = "", message: str = "", name: str = "test_it") -> Check:
    points = 10 if outcome == "passed" else 0
    return Check(name, "It builds.", outcome, points, 10, found=found, message=message)


def make_reports(checks: list[Check]) -> list[Report]:
    return [conclude("101_first_build", [check]) for check in checks]


@pytest.mark.parametrize(
    ("status", "outcome", "expected"),
    [
        ("graded", "passed", "passed"),
        ("graded", "failed", "failed"),
        ("graded", "incapable", "incomplete"),
        ("rejected", "blocked", "rejected"),
        ("timeout", "passed", "timeout"),
        ("limit", "blocked", "limit"),
        ("fault", "passed", "fault"),
    ],
)
def test_each_report_has_one_verdict(status: Any, outcome: str, expected: str) -> None:
    report = conclude("101_first_build", [make_check(outcome)], status)
    assert report.verdict == expected
    assert expected in VERDICTS


def test_a_learner_is_shown_by_the_name_that_was_handed_in() -> None:
    report = msgspec.structs.replace(
        make_reports([make_check("passed")])[0], run=Run(learner="%D0%B6%1B%5B31m-01")
    )
    assert person(report) == "\N{CYRILLIC SMALL LETTER ZHE}\N{REPLACEMENT CHARACTER}[31m-01"


def test_nobody_is_no_class() -> None:
    assert summarise([]) == []


def test_labs_are_counted_apart(make_class: Callable[[int], list[Report]]) -> None:
    labs = summarise(make_class(40))
    assert [lab.slug for lab in labs] == ["101_first_build", "203_reusable_layout"]
    for lab in labs:
        assert lab.submissions == lab.verdicts.total() == 20
        assert lab.graded == 17
        assert (lab.verdicts["rejected"], lab.verdicts["timeout"]) == (1, 1)
        assert sum(lab.distribution) == lab.percents.total() == 19


def test_scores_fall_into_tenths_and_full_marks() -> None:
    checks = [
        Check(f"test_{place}", "It builds.", "failed", points, 100)
        for place, points in enumerate((0, 9, 10, 99, 100, 100))
    ]
    (lab,) = summarise(make_reports(checks))
    assert lab.distribution == [2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 2]
    assert lab.median_percent == 54


def test_a_lab_without_scores_has_no_median() -> None:
    (lab,) = summarise([conclude("", [], "rejected", "no such lab.")])
    assert lab.median_percent is None
    assert lab.distribution == [0] * 11
    assert lab.hardest is None


def test_who_was_blocked_does_not_count_as_failing() -> None:
    outcomes = ("passed", "passed", "failed", "blocked", "blocked", "incapable")
    (lab,) = summarise(make_reports([make_check(outcome) for outcome in outcomes]))
    check = lab.checks["test_it"]
    assert (check.reached, check.failing_percent) == (3, 33)
    assert check.outcomes == {"passed": 2, "failed": 1, "blocked": 2, "incapable": 1}


def test_the_commonest_wrong_values_come_first() -> None:
    found = ["b", "a", "a", "b", "c", "a", "d", ""]
    checks = [make_check("failed", value, "The file is missing.") for value in found]
    (lab,) = summarise(make_reports([*checks, make_check("passed", "right")]))
    assert lab.checks["test_it"].commonest == [("a", 3), ("b", 2), ("c", 1)]
    assert lab.checks["test_it"].wrong["The file is missing."] == 1


def test_the_hardest_check_is_the_one_that_the_largest_share_fails() -> None:
    checks = [
        [make_check("passed", name="test_a"), make_check("failed", name="test_b")],
        [make_check("failed", name="test_a"), make_check("failed", name="test_b")],
    ]
    (lab,) = summarise(conclude("101_first_build", each) for each in checks)
    assert lab.hardest
    assert lab.hardest.text.name == "test_b"


def test_hints_are_found_where_only_some_reports_have_them() -> None:
    with_hints = msgspec.structs.replace(make_check("failed"), hints=["Look again."])
    (lab,) = summarise(make_reports([make_check("passed"), with_hints, make_check("passed")]))
    assert lab.checks["test_it"].text.hints == ["Look again."]


def test_the_slowest_submissions_keep_their_places() -> None:
    reports = [
        msgspec.structs.replace(report, run=Run(learner=f"learner-{place}", seconds=seconds))
        for place, (report, seconds) in enumerate(
            zip(make_reports([make_check("passed")] * 7), (1, 9, 2, 8, 3, 7, 4), strict=True), 1
        )
    ]
    (lab,) = summarise(reports)
    assert [slow.place for slow in lab.slowest] == [2, 4, 6, 7, 5]


def test_nobody_and_everybody_are_said_from_three_on() -> None:
    for count, said in ((2, False), (3, True)):
        checks = [make_check("failed", name="test_a"), make_check("passed", name="test_b")]
        (lab,) = summarise(conclude("101_first_build", checks) for _ in range(count))
        assert bool(lab.passed_by_nobody) is bool(lab.passed_by_everybody) is said


def test_a_check_that_the_better_ones_fail_is_doubted() -> None:
    """Only from ten on each side, and only where chance can hardly do it."""
    good, bad = make_check("passed", name="test_b"), make_check("failed", name="test_b")
    turned = [make_check("failed", "a"), good], [make_check("passed"), bad]
    for each, doubted in ((9, False), (10, True)):
        (lab,) = summarise(conclude("101_first_build", checks) for checks in [*turned] * each)
        assert lab.checks["test_it"].turned_round is doubted
    usual = [make_check("failed", "a"), bad], [make_check("passed"), good]
    (lab,) = summarise(conclude("101_first_build", checks) for checks in [*usual] * 20)
    assert not lab.checks["test_it"].turned_round


def test_who_may_need_the_instructor_comes_in_order_of_urgency() -> None:
    def one(name: str, outcome: Any, attempt: int = 1, status: Any = "graded") -> Report:
        report = conclude("101_first_build", [make_check(outcome)], status)
        return msgspec.structs.replace(report, run=Run(learner=name, attempt=attempt))

    labs = summarise(
        [
            one("low", "failed"),
            one("stuck", "failed", 4),
            one("fine", "passed", 9),
            one("refused", "blocked", 1, "rejected"),
            one("broken", "passed", 1, "fault"),
        ]
    )
    assert [need.name for _, need in most_needing(labs)] == ["broken", "stuck", "refused", "low"]
    assert labs[0].needing == 4
    assert (labs[0].median_attempts, max(labs[0].attempts)) == (1, 9)


def test_a_flood_of_wrong_values_is_bounded_and_the_commonest_stays() -> None:
    found = [value for number in range(3 * MOST_FOUND) for value in (f"one {number}", "many")]
    (lab,) = summarise(make_reports([make_check("failed", value) for value in found]))
    assert lab.checks["test_it"].commonest[0] == ("many", 3 * MOST_FOUND)
    assert len(lab.checks["test_it"].wrong) <= 2 * MOST_FOUND
