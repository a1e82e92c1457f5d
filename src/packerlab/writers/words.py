"""What there is to say of a report, in words: for the forms that have a place for text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.text import visible

if TYPE_CHECKING:
    from packerlab.report import Check, Report


def points(count: int) -> str:
    return f"{count} point" if count == 1 else f"{count} points"


def remarks(report: Report) -> list[str]:
    """What counts beside the checks: points taken off, and points that an instructor gave."""
    given = [
        f"Points for {visible(check)} were given by hand: {visible(note)}"
        for check, note in report.run.overrides.items()
    ]
    off = report.run.deducted
    return [*given, f"{points(off)} taken off by the rules of the class."] if off else given


def findings(check: Check) -> list[str]:
    """Why a check did not pass, a line for each thing that is known."""
    lines = {
        "": check.message or _waits(check),
        "expected: ": check.expected,
        "found: ": check.found,
        "where: ": str(check.where) if check.where else "",
        "read: ": check.docs if check.outcome == "failed" else "",
    }
    return [label + text for label, text in lines.items() if text]


def _waits(check: Check) -> str:
    if check.outcome != "blocked":
        return ""
    return f"Not reached: {check.blocked_by} comes first." if check.blocked_by else "Not reached."


def unscored(report: Report) -> str:
    """Why nothing may be scored, in one sentence."""
    reason = report.reason or "a check can't be judged on this machine."
    return f"No score ({report.verdict}): {visible(reason)}"
