"""A report as Gradescope's `results.json`.

Gradescope reads one such file for each submission, so each report is one JSON document on a line of
its own: a gradebook of one submission is the file, and one of a class is JSON Lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from packerlab.report import person
from packerlab.text import clean
from packerlab.writers.words import findings, remarks, unscored

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packerlab.report import Check, Report


def write_gradescope(reports: Iterable[Report]) -> Iterator[bytes]:
    """A line for each report. Without a score Gradescope shows a fault, and keeps the old one."""
    for report in reports:
        yield msgspec.json.encode(_results(report)) + b"\n"


def _results(report: Report) -> dict[str, Any]:
    scored = report.mark is not None
    lines = [unscored(report) if not scored else report.reason, *remarks(report)]
    return {
        **({"score": report.mark} if scored else {}),
        "execution_time": round(report.run.seconds, 3),
        "output": clean("\n".join(filter(None, lines))),
        # All of it comes from learners' work: as text, nothing in it is taken for markup.
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {
            "lab": report.lab,
            "learner": person(report),
            "key": report.run.learner,
            "attempt": report.run.attempt,
            "verdict": report.verdict,
            "submission": report.digests.submission,
        },
        "tests": [_test(number, check, scored) for number, check in enumerate(report.checks, 1)],
    }


def _test(number: int, check: Check, scored: bool) -> dict[str, Any]:
    points = {"score": check.points, "max_score": check.max_points} if scored else {}
    return {
        **points,
        "status": "passed" if check.outcome == "passed" else "failed",
        "name": clean(check.title),
        "number": str(number),
        "output": "" if check.outcome == "passed" else clean("\n".join(findings(check))),
        "visibility": "visible",
        "extra_data": {"check": check.name, "outcome": check.outcome},
    }
