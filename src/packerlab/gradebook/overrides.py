"""Points that an instructor gives by hand, over what a check found: for one attempt, with a note.

They lie beside the reports and never in them, so that grading again leaves them alone. One that was
taken back stays as a file without points.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from packerlab.report import unjudged

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packerlab.report import Report

LONGEST_NOTE = 500


class Override(msgspec.Struct, frozen=True):
    """The points of one check of one attempt; `points` is None once they were taken back.

    `submission` is the digest of what the instructor looked at: they are for no other work.
    """

    check: str
    points: int | None
    note: str
    submission: str
    made: str
    format: Annotated[int, msgspec.Meta(ge=1, le=1)] = 1


def encode(override: Override) -> bytes:
    return msgspec.json.format(msgspec.json.encode(override), indent=1) + b"\n"


def decode(data: bytes) -> Override:
    """Read an override; raises `msgspec.DecodeError` with the path of what does not fit."""
    return msgspec.json.decode(data, type=Override)


def in_force(report: Report, overrides: Iterable[Override]) -> dict[str, Override]:
    """Those that count for a report, by check: of the same work, and of a check that it has."""
    checks = {check.name for check in report.checks}
    return {
        each.check: each
        for each in overrides
        if each.points is not None
        and each.submission == report.digests.submission
        and each.check in checks
    }


def applied(report: Report, overrides: Iterable[Override]) -> Report:
    """The report with the points given by hand; what the checks found stays as it is.

    A report that this machine could not judge has a score once every open check has its points. A
    fault has none in any case, since its checks may not be all.
    """
    given = in_force(report, overrides)
    if not given:
        return report
    checks = [
        msgspec.structs.replace(check, points=min(given[check.name].points or 0, check.max_points))
        if check.name in given
        else check
        for check in report.checks
    ]
    whole = report.status != "fault" and unjudged(report) <= given.keys()
    notes = {check.name: given[check.name].note for check in checks if check.name in given}
    return msgspec.structs.replace(
        report,
        checks=checks,
        complete=whole,
        score=sum(check.points for check in checks) if whole else None,
        run=msgspec.structs.replace(report.run, overrides=notes),
    )
