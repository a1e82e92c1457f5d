"""A class of copies, graded by the real command."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from benchmarks import measure

RUNS = 5
PACKERLAB = str(Path(sys.executable).with_name("packerlab"))
BENCH_COURSE = str(Path(__file__).parent / "course")


def copies(source: Path, crowd: Path, count: int) -> Path:
    """A class of copies that differ in a comment."""
    for number in range(count):
        shutil.copytree(source, crowd / f"learner-{number:04}")
        template = next((crowd / f"learner-{number:04}").glob("*.pkr.hcl"))
        template.write_text(f"# {number}\n{template.read_text()}")
    return crowd


def graded(crowd: Path, out: Path, *words: str) -> measure.Cost:
    """What it costs to grade the class with two jobs; all in it must pass."""
    cost = measure.run([PACKERLAB, "grade", str(crowd), "--out", str(out), "--jobs", "2", *words])
    summary = cost.output.strip().splitlines()[-1]
    count = len(list(crowd.iterdir()))
    if f"graded {count}, passed {count}," not in summary:
        raise RuntimeError(f"the class was not graded as it should be: {summary}")
    return cost
