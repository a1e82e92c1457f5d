"""CPU seconds for each submission: cold, and as one more of a batch."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import measure
from benchmarks.peers.boxes import boxed
from benchmarks.peers.grader import ANSWER

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.peers.rig import Rig

TURNS = 3
BATCH = 20
ONE_BY_ONE = 5
"""So many are enough where each submission is a run of its own: one more costs what each does."""


class Costs(NamedTuple):
    """`cold` is a submission alone, by the whole command; `warm` is one more of a batch."""

    cold: float
    warm: float
    runs: list[tuple[float, float]]


def costs(rigs: list[Rig]) -> dict[str, Costs]:
    """Measure all graders by turns, so that none has a quieter machine than another."""
    runs: dict[str, list[tuple[float, float]]] = {rig.grader.name: [] for rig in rigs}
    for rig in rigs:
        cpu(rig, 1)  # so that no first run writes caches
    for _ in range(TURNS):
        for rig in rigs:
            many = ONE_BY_ONE if rig.grader.apart else BATCH
            alone = cpu(rig, 1)
            runs[rig.grader.name].append((alone, (cpu(rig, many) - alone) / (many - 1)))
    return {name: _medians(figures) for name, figures in runs.items()}


def _medians(runs: list[tuple[float, float]]) -> Costs:
    cold, warm = (statistics.median(figures) for figures in zip(*runs, strict=True))
    return Costs(cold, warm, runs)


def cpu(rig: Rig, count: int) -> float:
    """What it costs to grade so many right answers, all of which must pass."""
    names = [f"learner{number:02}" for number in range(count)]
    crowd = {name: {ANSWER: f"# {number}\n{rig.grader.right}"} for number, name in enumerate(names)}
    graded = rig.grade(crowd, apart=rig.grader.apart)
    if graded.passed != set(names):
        raise RuntimeError(f"{rig.grader.name} did not pass right answers: {graded.output[-2000:]}")
    return graded.cpu


def of_the_box(folder: Path) -> float:
    """What our box around the others costs each time."""
    argv = boxed(["true"], folder, "/grading", folder)
    return statistics.median(measure.run(argv).cpu for _ in range(TURNS))
