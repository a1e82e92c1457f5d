"""The only result schema: what a grading says of one submission (format 1).

Everything outside `run` is the same bytes for the same input, on every backend and with any number
of jobs. Format 1 only grows: a reader of today reads tomorrow's reports.
"""

from __future__ import annotations

from typing import Literal
from urllib.parse import unquote

import msgspec

from packerlab.text import visible

Status = Literal["graded", "rejected", "timeout", "limit", "fault"]
Outcome = Literal["passed", "failed", "blocked", "incapable"]

VERDICTS = ("passed", "failed", "rejected", "limit", "timeout", "incomplete", "fault")
"""Each report has exactly one; `passed` and `failed` are the two ways of being graded."""


class Where(msgspec.Struct, frozen=True):
    """A place in the learner's workspace; `line` counts from 1."""

    file: str
    line: int
    column: int = 0

    def __str__(self) -> str:
        """As editors and compilers write a place; without a column that nobody knows."""
        return f"{self.file}:{self.line}" + (f":{self.column}" if self.column else "")


class Ending(msgspec.Struct, frozen=True):
    """How a grading ended, and why; `retry` where another try may end otherwise."""

    status: Status = "graded"
    reason: str = ""
    retry: bool = False


class Check(msgspec.Struct, frozen=True):
    """What one check found. `title` is the sentence that the learner reads."""

    name: str
    title: str
    outcome: Outcome
    points: int
    max_points: int
    message: str = ""
    expected: str = ""
    found: str = ""
    where: Where | None = None
    hints: list[str] = []
    docs: str = ""
    blocked_by: str = ""


class Digests(msgspec.Struct, frozen=True):
    """What the report was computed from, each as `sha256:HEX`."""

    submission: str = ""
    lab: str = ""
    grader: str = ""
    engine: str = ""
    packer: str = ""
    policy: str = ""
    """Of a class's own rules for images, where the grader reads them."""


class Run(msgspec.Struct, frozen=True):
    """How it went this time: the part of a report that may differ between equal gradings."""

    learner: str = ""
    name: str = ""
    id: str = ""
    """What the learning platform calls the learner."""
    attempt: int = 1
    handed_in: str = ""
    """When, in the learning platform's local time; empty where it does not say."""
    late: bool = False
    """Whether the learning platform marked it as late."""
    workspace: str = ""
    passed_over: list[str] = []
    sandbox: str = ""
    limits: dict[str, int] = {}
    packer: str = ""
    seconds: float = 0.0
    check_seconds: dict[str, float] = {}
    deducted: int = 0
    """Points that a class's own rules take off, such as for lateness."""
    overrides: dict[str, str] = {}
    """The checks whose points an instructor gave by hand, each with the note that says why."""
    cpu_seconds: float = 0.0
    grader_cpu_seconds: float = 0.0
    retry: bool = False


class Report(msgspec.Struct, frozen=True):
    """One submission's outcome. `score` is None where nothing may be scored."""

    format: int
    lab: str
    status: Status
    reason: str
    complete: bool
    score: int | None
    max_score: int
    checks: list[Check]
    digests: Digests = Digests()
    run: Run = Run()

    @property
    def mark(self) -> int | None:
        """What counts in a class: the score, less what the class's rules take off."""
        return None if self.score is None else max(0, self.score - self.run.deducted)

    @property
    def passed(self) -> bool:
        """All checks passed, nothing was left out; a report without checks shows nothing."""
        whole = self.status == "graded" and self.complete and bool(self.checks)
        return whole and self.score == self.max_score

    @property
    def verdict(self) -> str:
        """How it ended, in one word of VERDICTS."""
        if self.status != "graded":
            return self.status
        if not self.complete:
            return "incomplete"
        return "passed" if self.passed else "failed"


def conclude(lab: str, checks: list[Check], status: Status = "graded", reason: str = "") -> Report:
    """Put checks together into a report, with the scoring rules of the contract."""
    if status == "rejected":
        checks = [blocked(check) for check in checks]
    complete = status != "fault" and all(check.outcome != "incapable" for check in checks)
    score: int | None = sum(check.points for check in checks)
    if status == "rejected":
        score = 0
    elif not complete:
        score = None
    return Report(
        format=1,
        lab=lab,
        status=status,
        reason=reason,
        complete=complete,
        score=score,
        max_score=sum(check.max_points for check in checks),
        checks=checks,
    )


def blocked(check: Check, message: str = "", blocked_by: str = "") -> Check:
    """The same check, not reached: no points, nothing said of the learner's work."""
    return Check(
        name=check.name,
        title=check.title,
        outcome="blocked",
        points=0,
        max_points=check.max_points,
        message=message,
        docs=check.docs,
        blocked_by=blocked_by,
    )


def unjudged(report: Report) -> set[str]:
    """The checks that can't be judged here, and those that wait for one of them."""
    found: set[str] = set()
    for check in report.checks:
        if check.outcome == "incapable" or check.blocked_by in found:
            found.add(check.name)
    return found


def incapable(check: Check, message: str) -> Check:
    """The same check, which this machine can't judge."""
    return msgspec.structs.replace(blocked(check, message), outcome="incapable")


def person(report: Report) -> str:
    """The learner's name for people, safe to show: a gradebook's key is percent-encoded."""
    return visible(report.run.name or unquote(report.run.learner))


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Report)


def encode(report: Report) -> bytes:
    """The report as JSON, indented for people, with a final newline."""
    return msgspec.json.format(_encoder.encode(report), indent=1) + b"\n"


def decode(data: bytes) -> Report:
    """Read a report; raises `msgspec.DecodeError` with the path of what does not fit."""
    try:
        report = _decoder.decode(data)
    except RecursionError:
        raise msgspec.DecodeError("nested too deeply") from None
    if report.format != 1:
        raise msgspec.ValidationError(f"format is {report.format}, this packerlab reads 1")
    return report
