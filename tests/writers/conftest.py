"""A made-up class, the same at every run."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import msgspec
import pytest

from packerlab.report import Check, Digests, Run, Where, blocked, conclude

if TYPE_CHECKING:
    from collections.abc import Callable

    from packerlab.report import Report

SENTENCES = (
    "The template is formatted as `packer fmt` would.",
    "It builds.",
    "The build writes both lines to out/motd.txt.",
    "The greeting is taken from the variable `greeting`.",
    "The manifest names the file that was made.",
    "The second line comes from a template file.",
    "Nothing but out/ is written.",
    "A build with other values of the variables writes other lines.",
)
WRONG = (
    "Hello, world!",
    "hello",
    "Hello, \N{LATIN SMALL LETTER E WITH ACUTE}!\nlinux",
    "",
    "greeting = " * 30,
)
STATUSES = ("rejected", "timeout", "limit", "fault")


def make_check(number: int, chance: random.Random, skill: float) -> Check:
    check = Check(
        name=f"test_{number + 1}",
        title=SENTENCES[number],
        outcome="passed",
        points=number % 3 + 1,
        max_points=number % 3 + 1,
        docs=f"beginner/101_first_build#part-{number + 1}",
    )
    if chance.random() < skill:
        return check
    return msgspec.structs.replace(
        check,
        outcome="failed",
        points=0,
        message="out/motd.txt does not hold the two lines.",
        expected="Hello, learner!\nlinux",
        found=chance.choices(WRONG, weights=(8, 4, 2, 1, 1))[0],
        where=Where("main.pkr.hcl", chance.randrange(1, 40), 3),
        hints=["Look at the block `source`.", "What does `content` hold?", "Use `\\n`."],
    )


def make_report(number: int, lab: str) -> Report:
    chance = random.Random(f"{lab} {number}")  # noqa: S311
    skill = chance.random() ** 0.3
    checks = [make_check(place, chance, skill) for place in range(8)]
    if checks[1].outcome == "failed":
        checks[2:] = [blocked(check, blocked_by="test_2") for check in checks[2:]]
    report = conclude(lab, checks)
    if number % 9 == 7:
        status = STATUSES[number // 9 % 4]
        report = conclude(lab, checks, status, "more than 256 MB of memory.")  # type: ignore[arg-type]
    elif number % 20 == 12:
        checks[0] = msgspec.structs.replace(blocked(checks[0]), outcome="incapable")
        report = conclude(lab, checks)
    return msgspec.structs.replace(
        report,
        digests=Digests(submission=f"sha256:{number:064x}"),
        run=Run(
            learner=f"learner-{number:02}",
            attempt=chance.choice((1, 1, 1, 2, 3)),
            sandbox="bubblewrap",
            packer="1.16.0",
            seconds=round(chance.expovariate(0.7), 2),
            cpu_seconds=round(chance.expovariate(1.4), 2),
        ),
    )


@pytest.fixture
def make_class() -> Callable[[int], list[Report]]:
    """So many reports, half of them on each of two labs."""

    def make(count: int) -> list[Report]:
        labs = ("101_first_build", "203_reusable_layout")
        return [make_report(number, lab) for lab in labs for number in range(1, count // 2 + 1)]

    return make
