"""What is asked of a grader: an exercise, a class that is handed in, the command that grades it.

The exercise is the same everywhere: make "Hello, NAME!" of a name that the grader chooses anew for
each submission. What an answer is, is as each grader has it: a function in its own process, a
program that it runs, or a template.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from benchmarks.peers.boxes import boxed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Files = dict[str, str]
"""What one learner hands in, by name."""

ANSWER = "answer.py"
"""The answer among these files; the others lie beside it."""


class Grader(ABC):
    """A grader, used as its own documentation has it.

    A *place* is a folder with the exercise and what is handed in. The grader sees it as `at`.
    """

    name: ClassVar[str]
    requires: ClassVar[tuple[str, ...]] = ()
    """What pip installs for it; ours is here already."""

    check: ClassVar[str]
    """What its check is."""

    isolation: ClassVar[str]
    """What it puts between a submission and itself, and between two submissions."""

    right: ClassVar[str]
    wrong: ClassVar[str]

    at: ClassVar[str] = "/grading"
    apart: ClassVar[bool]
    """Its documentation gives each submission a container: here each has a place of its own."""

    together: ClassVar[bool]
    """Whether it can grade several submissions in one place."""

    collect: ClassVar[tuple[str, ...]] = ()
    """What writes the marks once they are given, where that is a command of its own."""

    @abstractmethod
    def prepare(self, place: Path) -> list[str]:
        """Write the exercise, and return the command that makes it ready."""

    @abstractmethod
    def hand_in(self, place: Path, submissions: Mapping[str, Files]) -> list[str]:
        """Write what learners hand in, and return the command that grades all of it."""

    @abstractmethod
    def passed(self, place: Path, learner: str) -> bool:
        """Whether the learner has the mark, by what the grader wrote."""

    def inside(self, argv: list[str], place: Path, environment: Path) -> list[str]:
        """The same command where a submission can't harm this machine."""
        return boxed(argv, place, self.at, environment)


def written(folder: Path, files: Files) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder
