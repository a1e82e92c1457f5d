"""Right answers beside what takes of the machine: on every row, all of them have full marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from packerlab.sandbox import BACKENDS
from tests.hostile.cases import all_cases
from tests.hostile.crowd import PLAIN, gather, grade
from tests.hostile.making import ACCOUNT, ANY_PROGRAM, BESIDE_AN_ACCOUNT, MESSAGE, NOT_IN_PLAIN

if TYPE_CHECKING:
    from pathlib import Path

    from packerlab.report import Report
    from tests.hostile.crowd import Crowd

pytestmark = pytest.mark.alone

TAKING = ("row09_memory", "row09_networks", "row09_sockets", "row30_")
BESIDE = {ANY_PROGRAM: MESSAGE, BESIDE_AN_ACCOUNT: ACCOUNT}
"""Of which lab the right answers are, where not of the attack's own."""

CASES = [case for case in all_cases() if case.name.startswith(TAKING)]
RIGHT = {
    f"{case.name}_right_{number}": BESIDE.get(case.verdict.lab, case.verdict.lab)
    for case in CASES
    for number in range(3)
}
"""Three for each attack: they come right after it, so that they are graded while it runs."""


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Crowd:
    return gather(tmp_path_factory.mktemp("neighbours"), CASES, RIGHT)


def prepared(request: pytest.FixtureRequest, row: str) -> tuple[bytes, list[Path]]:
    if row != "bubblewrap":
        return request.getfixturevalue("built_image"), []
    images = request.getfixturevalue("container_images").parent
    return b"", [request.getfixturevalue("instance_base"), images]


def why(report: Report) -> list[str]:
    """What a report that should have full marks says instead."""
    return [report.reason, *(check.message for check in report.checks if check.outcome != "passed")]


@pytest.mark.parametrize("row", BACKENDS)
def test_right_answers_beside_what_takes_of_the_machine(
    request: pytest.FixtureRequest, crowd: Crowd, row: str
) -> None:
    graded = grade(crowd, row, *prepared(request, row))
    right = [name for name, lab in RIGHT.items() if row != PLAIN or lab not in NOT_IN_PLAIN]
    lost = {name: why(graded.reports[name]) for name in right if not graded.reports[name].passed}
    assert len(right) > 15
    assert lost == {}
    assert graded.left == []
