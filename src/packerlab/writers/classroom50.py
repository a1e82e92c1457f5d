"""A report as the `result.json` of Classroom 50, which grades each push to a learner's repository.

What the runner knows and a report does not, it says in variables: the classroom, the assignment and
the addresses of the submission. It adds the owner by itself.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import msgspec

from packerlab.report import person
from packerlab.text import clean
from packerlab.writers.words import findings, remarks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from packerlab.report import Check, Report


def write_classroom50(
    reports: Iterable[Report], runner: Mapping[str, str] = os.environ
) -> Iterator[bytes]:
    """A line for each report that has a score: a result without one is not valid."""
    for report in reports:
        if report.mark is not None:
            yield msgspec.json.encode(_result(report, report.mark, runner)) + b"\n"


def _result(report: Report, mark: int, runner: Mapping[str, str]) -> dict[str, Any]:
    commit = runner.get("COMMIT_URL", "")
    return {
        "schema": "classroom50/result/v1",
        "classroom": runner.get("CLASSROOM", ""),
        "assignment": runner.get("ASSIGNMENT", report.lab),
        "owner": runner.get("OWNER", person(report)),
        "assignment_type": runner.get("ASSIGNMENT_TYPE", "individual"),
        "submission": runner.get("SUBMISSION_TAG", report.digests.submission),
        "commit": commit,
        "release": runner.get("RELEASE_URL", ""),
        "review": runner.get("REVIEW_URL", commit),
        "datetime": _moment(runner.get("SUBMISSION_TAG", "")),
        "score": mark,
        "max-score": report.max_score,
        "tests": [_test(check) for check in report.checks],
        # The runner keeps what it does not know.
        "lab": report.lab,
        "key": report.run.learner,
        "verdict": report.verdict,
        "remarks": [clean(line) for line in (report.reason, *remarks(report)) if line],
    }


def _moment(tag: str) -> str:
    """When it was handed in, as the tag of a submission says: `submit/2026-06-01T14-32-05Z-SHA`."""
    found = re.match(r"submit/([0-9-]{10}T)(\d\d)-(\d\d)-(\d\d)Z", tag)
    return "{}{}:{}:{}Z".format(*found.groups()) if found else ""


def _test(check: Check) -> dict[str, Any]:
    return {
        "test-name": clean(check.title),
        "passed": check.outcome == "passed",
        "score": check.points,
        "max-score": check.max_points,
        "check": check.name,
        "outcome": check.outcome,
        "message": "" if check.outcome == "passed" else clean("\n".join(findings(check))),
    }
