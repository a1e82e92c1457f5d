"""Reports as CSV (RFC 4180), for spreadsheets: one row for each learner and lab."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

from packerlab.report import person
from packerlab.text import clean
from packerlab.writers.words import remarks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packerlab.report import Report

HEADER = (
    "learner",
    "lab",
    "status",
    "score",
    "max_score",
    "attempt",
    "complete",
    "reason",
    "failed_checks",
    "mark",
    "remarks",
    "key",
)
"""`mark` is what counts: the score, less what the class's rules take off; `remarks` says why.
`key` is the learner's folder in the gradebook: the name, percent-encoded."""
FORMULA = ("=", "+", "-", "@", "|", "%", "\t", "\r", "\n", *"\uff1d\uff0b\uff0d\uff20\uff5c\uff05")
"""What makes a spreadsheet take a cell for a formula: ASCII, and the full-width forms."""
_CELL = re.compile(rf"(^|[;\t\r\n])(?=[\s\"]*[{re.escape(''.join(FORMULA))}])")
"""Where a formula would begin, also for a spreadsheet that splits cells at semicolons or tabs."""


class _Line:
    """A file for `csv.writer` that hands each line back."""

    def write(self, line: str) -> str:
        return line


def write_csv(reports: Iterable[Report]) -> Iterator[bytes]:
    """UTF-8 with CRLF; a score that doesn't exist is an empty cell."""
    writer = csv.writer(_Line())
    yield writer.writerow(HEADER).encode()
    for report in reports:
        yield writer.writerow(_row(report)).encode()


def _row(report: Report) -> tuple[str | int, ...]:
    failed = (check.name for check in report.checks if check.outcome == "failed")
    return (
        safe_text(person(report)),
        safe_text(report.lab),
        report.status,
        "" if report.score is None else report.score,
        report.max_score,
        report.run.attempt,
        "true" if report.complete else "false",
        safe_text(report.reason),
        safe_text(" ".join(failed)),
        "" if report.mark is None else report.mark,
        safe_text(" ".join(remarks(report))),
        safe_text(report.run.learner),
    )


def safe_text(text: str) -> str:
    """Text that a spreadsheet shows and never computes."""
    return _CELL.sub(r"\1'", clean(text))
