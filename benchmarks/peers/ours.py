"""packerlab, by its real command: a lab in which a template may run any program, and static checks.

It is not boxed by us, for its own sandbox is what is tried.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.classes import BENCH_COURSE, PACKERLAB
from benchmarks.peers.grader import ANSWER, Grader, written
from packerlab.gradebook import read_gradebook
from tests.hostile.cases import COURSE
from tests.hostile.making import by_program, marker
from tests.hostile.making import written as as_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.peers.grader import Files

STATIC = "101_static"
STATIC_ANSWER = Path(BENCH_COURSE) / "labs" / STATIC / "solution" / "main.pkr.hcl"


class Packerlab(Grader):
    """A submission is a template that runs the answer; the build must leave the greeting."""

    name = "packerlab"
    check = "builds a template, reads the file that it leaves"
    isolation = "a sandbox without a network for each build, apart from the grader"
    right = """\
import os

os.mkdir("out")
with open("out/message.txt", "w") as file:
    file.write(f"Hello, {os.environ['NAME']}!\\n")
"""
    wrong = """\
import os

os.mkdir("out")
with open("out/message.txt", "w") as file:
    file.write("wrong\\n")
"""
    apart = False
    together = True
    course = str(COURSE)

    def prepare(self, place: Path) -> list[str]:
        return ["mkdir", *(str(place / name) for name in ("home", "state", "class"))]

    def hand_in(self, place: Path, submissions: Mapping[str, Files]) -> list[str]:
        for learner, files in submissions.items():
            self.stage(place / "class" / learner, files)
        words = ["--out", str(place / "book"), "--course", self.course, "--jobs", "1"]
        return [PACKERLAB, "grade", str(place / "class"), *words, "--sandbox", "bubblewrap"]

    def stage(self, folder: Path, files: Files) -> None:
        as_bytes(folder, by_program(files[ANSWER].encode()))
        written(folder, {name: text for name, text in files.items() if name != ANSWER})

    def passed(self, place: Path, learner: str) -> bool:
        reports = {each.run.learner: each for each in read_gradebook(place / "book").latest()}
        checks = reports[learner].checks
        return [each.outcome for each in checks if each.name == "test_message"] == ["passed"]

    def inside(self, argv: list[str], place: Path, environment: Path) -> list[str]:
        own = {
            "HOME": place / "home",
            "PACKERLAB_STATE": place / "state",
            "PACKERLAB_CACHE": environment / "cache",  # the others' environments are warm too
        }
        return ["env", *(f"{name}={folder}" for name, folder in own.items()), *argv]


class PackerlabStatic(Packerlab):
    """The nearest to a check of one function: nothing of a submission runs."""

    name = "packerlab, static checks"
    check = "reads a template; nothing of it runs"
    isolation = "a parser in a process of its own"
    right = STATIC_ANSWER.read_text()
    wrong = "# nothing\n"
    course = BENCH_COURSE

    def stage(self, folder: Path, files: Files) -> None:
        written(folder, {"main.pkr.hcl": files[ANSWER], ".packerlab.toml": marker(STATIC).decode()})

    def passed(self, place: Path, learner: str) -> bool:
        latest = read_gradebook(place / "book").latest()
        return {"passed"} == {each.verdict for each in latest if each.run.learner == learner}
