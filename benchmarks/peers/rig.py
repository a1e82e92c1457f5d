"""A grader that is ready to grade, and what a class costs and gets from it."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import measure
from benchmarks.peers.environments import environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.peers.grader import Files, Grader

PATIENCE = 600
"""Seconds after which a grader does not end by itself: that is no verdict."""

TIMED_OUT = 124


class Graded(NamedTuple):
    """Who has the mark, what it cost in CPU seconds, and what was printed."""

    passed: frozenset[str]
    cpu: float
    output: str


@dataclass(frozen=True)
class Rig:
    """A grader, its environment, and a folder in which it has an exercise made ready."""

    grader: Grader
    environment: Path
    folder: Path

    @property
    def exercise(self) -> Path:
        return self.folder / "exercise"

    def grade(self, submissions: Mapping[str, Files], *, apart: bool) -> Graded:
        """Grade a class, each submission in a place of its own or all in one.

        A grader that has one submission and fails gives it no mark, whatever it wrote.
        """
        if apart:
            return _sum([self._grade({name: files}) for name, files in submissions.items()])
        return self._grade(submissions)

    def _grade(self, submissions: Mapping[str, Files]) -> Graded:
        place = Path(tempfile.mkdtemp(dir=self.folder))
        shutil.copytree(self.exercise, place, dirs_exist_ok=True, symlinks=True)
        cost = self._run(self.grader.hand_in(place, submissions), place)
        if self.grader.collect:
            self._run([*self.grader.collect], place)
        whole = cost.exit == 0 or len(submissions) > 1
        passed = {name for name in submissions if whole and self.grader.passed(place, name)}
        shutil.rmtree(place)
        return Graded(frozenset(passed), cost.cpu, cost.output)

    def prepare(self) -> None:
        self.exercise.mkdir(parents=True)
        cost = self._run(self.grader.prepare(self.exercise), self.exercise)
        if cost.exit:
            raise RuntimeError(f"{self.grader.name} has no exercise: {cost.output[-2000:]}")

    def _run(self, argv: list[str], place: Path) -> measure.Cost:
        inside = self.grader.inside(argv, place, self.environment)
        cost = measure.run(["timeout", "--kill-after", "5", str(PATIENCE), *inside])
        if cost.exit == TIMED_OUT:
            raise RuntimeError(f"{self.grader.name} does not end: {cost.output[-2000:]}")
        return cost


def rig(grader: Grader, environments: Path, scratch: Path) -> Rig:
    """Install a grader, unless an earlier run did, and make its exercise ready."""
    name = grader.name.replace(", ", "-").replace(" ", "-")
    installed = environments / name
    if grader.requires:
        environment(installed, grader.requires)
    made = Rig(grader, installed, scratch / name)
    made.prepare()
    return made


def _sum(parts: list[Graded]) -> Graded:
    passed = frozenset().union(*(part.passed for part in parts))
    output = "".join(part.output for part in parts)
    return Graded(passed, sum(part.cpu for part in parts), output)
