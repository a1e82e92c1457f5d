from __future__ import annotations

import json
from typing import TYPE_CHECKING

from packerlab.report import decode
from packerlab.writers.json_array import write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from packerlab.report import Report


def test_the_array_holds_the_reports_as_they_are(
    make_class: Callable[[int], list[Report]],
) -> None:
    reports = make_class(20)
    array = json.loads(b"".join(write_json(reports)))
    assert [decode(json.dumps(item).encode()) for item in array] == reports


def test_no_reports_are_an_empty_array() -> None:
    assert b"".join(write_json([])) == b"[]\n"


def test_reports_are_written_as_they_come(make_class: Callable[[int], list[Report]]) -> None:
    taken = []

    def coming() -> Iterator[Report]:
        for report in make_class(20):
            taken.append(report)
            yield report

    parts = write_json(coming())
    next(parts)
    assert len(taken) == 1
