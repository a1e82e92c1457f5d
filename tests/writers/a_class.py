"""Five learners whom every form has to get right: two labs of them, and what can go wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from packerlab.report import Check, Digests, Run, Where, blocked, conclude, incapable

if TYPE_CHECKING:
    from packerlab.report import Report

LAB = "101_first_build"
HOSTILE = "<script>alert(1)</script> & =1+1;=2+2\x1b[31m \N{RIGHT-TO-LEFT OVERRIDE}"


def check(name: str, title: str, points: int, *, failed: bool = False, **more: Any) -> Check:
    outcome = "failed" if failed else "passed"
    return Check(name, title, outcome, 0 if failed else points, points, **more)  # type: ignore[arg-type]


FORMATTED = check("test_formatted", "The template is formatted.", 2)
BUILDS = check("test_builds", "It builds.", 3)
WRITES = check("test_writes", "The build writes out/motd.txt.", 5)
WRONG = check(
    "test_writes",
    "The build writes out/motd.txt.",
    5,
    failed=True,
    message=f"out/motd.txt is wrong: {HOSTILE}",
    expected="Hello, learner!",
    found="<b>Hello</b>",
    where=Where("main.pkr.hcl", 7, 3),
    hints=["What does `content` hold?"],
    docs="beginner/101_first_build#write",
)


def report(learner: str, checks: list[Check], name: str = "", **more: Any) -> Report:
    """A report of a learner with that key; `more` are its status and reason, and parts of `run`."""
    status, reason = more.pop("status", "graded"), more.pop("reason", "")
    run = Run(
        learner=learner,
        name=name or learner,
        sandbox="bubblewrap",
        packer="1.16.0",
        seconds=1.25,
        check_seconds={"test_builds": 0.5},
        **more,
    )
    concluded = conclude(LAB, checks, status, reason)
    digests = Digests(submission="sha256:5ab")
    return msgspec.structs.replace(concluded, run=run, digests=digests)


def a_class() -> list[Report]:
    """All points; points taken off and given by hand; rejected; no score, twice."""
    overridden = msgspec.structs.replace(BUILDS, points=2)
    return [
        report("lovelaceada_1001", [FORMATTED, BUILDS, WRITES], "lovelaceada", id="1001"),
        report(
            "Zo%C3%AB%20Quinn",
            [FORMATTED, overridden, WRONG],
            "Zo\N{LATIN SMALL LETTER E WITH DIAERESIS} Quinn",
            attempt=2,
            deducted=1,
            overrides={"test_builds": "It built on my machine; <b>late</b> plugin."},
        ),
        report(
            "sis-3", [FORMATTED, BUILDS, WRITES], status="rejected", reason=f"a link, {HOSTILE}."
        ),
        report(
            "dan%40example.org",
            [FORMATTED, blocked(BUILDS, blocked_by="test_formatted"), WRITES],
            "dan@example.org",
            status="fault",
            reason="the sandbox broke.",
        ),
        report("eve", [FORMATTED, BUILDS, incapable(WRITES, "Packer is too old to tell.")]),
    ]
