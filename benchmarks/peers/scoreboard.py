"""Which forgery gains a mark where: tried, never claimed from reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.peers.forgeries import ACCOMPLICE, FORGER, NEIGHBOUR, Forgery
from benchmarks.peers.grader import ANSWER

if TYPE_CHECKING:
    from benchmarks.peers.grader import Files
    from benchmarks.peers.rig import Rig

HELD, FORGED, HARMED = "held", "forged", "harmed"
"""No wrong answer has the mark; one has it; none has, but a right one has lost it."""


def verdicts(rig: Rig, forgery: Forgery) -> list[str]:
    """What comes of a forgery: a verdict, or, of what aims at others, one for each way.

    The ways in which the grader can grade a class: each submission in a place of its own, which
    comes first, and all in one place.
    """
    grader = rig.grader
    ways = [True] * grader.apart + [False] * grader.together
    forged = forgery.files(grader.name)
    if not forgery.of_others:
        return [_verdict(rig, {FORGER: forged}, apart=ways[0])]
    crowd = {
        NEIGHBOUR: {ANSWER: grader.right},
        FORGER: forged,
        ACCOMPLICE: {ANSWER: grader.wrong},
    }
    return [_verdict(rig, crowd, apart=apart) for apart in ways]


def _verdict(rig: Rig, crowd: dict[str, Files], *, apart: bool) -> str:
    passed = rig.grade(crowd, apart=apart).passed
    if passed & {FORGER, ACCOMPLICE}:
        return FORGED
    return HARMED if NEIGHBOUR in crowd and NEIGHBOUR not in passed else HELD


def control(rig: Rig) -> None:
    """Without a forgery, right answers must have the mark, and wrong ones must not."""
    honest = Forgery("none", 0, "", {rig.grader.name: rig.grader.wrong}, of_others=True)
    if set(verdicts(rig, honest)) != {HELD}:
        raise RuntimeError(f"{rig.grader.name} does not tell right from wrong")
