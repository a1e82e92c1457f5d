"""Our own course holds. `make verify-all` proves it on every row and records that; of a lab that is
recorded as it is today, this grades the solution and a part of the other answers again, others at
each commit, and of any other lab all of them.

A lab that needs a newer Packer than this machine's is proven on a newer one: it has to be recorded
as it is today, and here its solution is neither right nor wrong.
"""

from __future__ import annotations

import hashlib
import math
import subprocess
from contextlib import closing
from functools import cache
from typing import TYPE_CHECKING

import pytest

from packerlab.course import Course, default_root
from packerlab.proving import proofs
from packerlab.proving.verify import answers, brief, unfit, verify
from packerlab.sandbox import choose
from packerlab.sandbox_pool import SandboxPool
from packerlab.variants.rows import read_own

if TYPE_CHECKING:
    from packerlab.lab import Lab
    from packerlab.sandbox.base import Backend

COURSE = Course(default_root())
LONGEST_S = 300
"""For the part of all recorded labs together, by the seconds that the record has of them."""
ONE_IN = 4
"""So many of the recorded labs are tried in containers, others at each commit."""


@cache
def recorded_s(slug: str) -> int | None:
    """How many seconds the proof of today's lab took; None where the record has none."""
    proven = proofs.proven(COURSE, COURSE.lab(slug))
    return next((each.seconds for each in proven if each.sandbox == "bubblewrap"), None)


@cache
def commit() -> str:
    """What chooses the parts; empty where there is no repository, and they stay the same."""
    asked = ["git", "-C", str(COURSE.root), "rev-parse", "HEAD"]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()


def drawn(name: str) -> bytes:
    """The place of a name in this commit's order."""
    return hashlib.sha256(f"{commit()} {name}".encode()).digest()


def a_part(lab: Lab) -> list[str]:
    """The solution, and some of the other answers."""
    others = sorted(set(answers(lab)) - {"solution"}, key=lambda name: drawn(f"{lab.slug} {name}"))
    return ["solution", *others[: math.ceil(len(others) * share())]]


@cache
def share() -> float:
    """How much of each recorded lab there is time for."""
    return min(1.0, LONGEST_S / max(sum(recorded_s(slug) or 0 for slug in COURSE.slugs), 1))


def in_containers() -> list[tuple[str, str]]:
    """Labs that are not recorded, and a part of the others, on each row that can serve them."""
    return [
        (lab.slug, row)
        for lab in COURSE.labs()
        for row in ("docker", *(("docker-plain",) if lab.needs == {"packer"} else ()))
        if recorded_s(lab.slug) is None or drawn(f"{lab.slug} {row}")[0] % ONE_IN == 0
    ]


def holds(lab: Lab, backend: Backend, only: list[str] | None, jobs: int = 1) -> None:
    """Fail where an answer ends as it should not, or is judged by a Packer that can't."""
    with closing(SandboxPool(lab, backend, 1)) as pool:
        if unfit(lab, pool.version()):
            assert recorded_s(lab.slug) is not None
            report = pool.grade(read_own(lab.solution))
            assert (report.status, report.score) == ("graded", None)
            assert {check.outcome for check in report.checks} <= {"incapable", "blocked", "passed"}
            return
    assert verify(lab, backend, only=only, jobs=jobs, on_graded=print).problems == []


@pytest.mark.usefixtures("instance_base", "container_images", "tools_root")
@pytest.mark.parametrize("slug", COURSE.slugs)
def test_a_lab_holds(slug: str) -> None:
    lab = COURSE.lab(slug)
    backend = choose("bubblewrap", set(lab.needs), [COURSE.root], full_limits=True)
    changed = recorded_s(slug) is None  # a lab that changed is proven whole
    only = None if changed else a_part(lab)
    holds(lab, backend, only, jobs=2)


@pytest.mark.usefixtures("sandbox_image")
@pytest.mark.parametrize(("slug", "row"), in_containers())
def test_a_lab_holds_in_containers(slug: str, row: str) -> None:
    lab = COURSE.lab(slug)
    backend = choose(row, set(lab.needs), [COURSE.root], full_limits=True)
    holds(lab, backend, brief(lab))
