"""Our own course holds. `make verify-all` proves it on every row and records that; of a lab that is
recorded as it is today, this grades a part of the answers again, and of any other all of them.
"""

from __future__ import annotations

import hashlib
import math
import subprocess
from functools import cache
from typing import TYPE_CHECKING

import pytest

from packerlab import proofs
from packerlab.course import Course, default_root
from packerlab.sandbox import choose
from packerlab.verify import answers, brief, verify

if TYPE_CHECKING:
    from packerlab.lab import Lab

COURSE = Course(default_root())
MOST_VARIANTS = 150
"""Of all labs that are recorded as they are today, whatever their number."""
ROWS = {
    lab.slug: ["docker", *(["docker-plain"] if lab.needs == {"packer"} else [])]
    for lab in COURSE.labs()
}


def is_proven(lab: Lab) -> bool:
    """Whether the record has the lab as it is today."""
    return any(each.sandbox == "bubblewrap" for each in proofs.proven(COURSE, lab))


def a_part(lab: Lab) -> list[str]:
    """The starter, the solution, and some of the variants: others at each commit."""
    asked = ["git", "-C", str(COURSE.root), "rev-parse", "HEAD"]
    told = subprocess.run(asked, capture_output=True, text=True, check=False)
    seed = told.stdout.strip() or lab.digest  # no repository: the same part until the lab changes
    given, variants = answers(lab)[:2], answers(lab)[2:]
    variants.sort(key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest())
    return [*given, *variants[: math.ceil(len(variants) * share())]]


@cache
def share() -> float:
    """A fifth; less in a course so long that a fifth would be more than a suite has time for."""
    every = sum(len(answers(lab)) - 2 for lab in COURSE.labs())
    return min(1 / 5, MOST_VARIANTS / every)


@pytest.mark.usefixtures("instance_base", "container_images", "tools_root")
@pytest.mark.parametrize("slug", COURSE.slugs)
def test_a_lab_holds(slug: str) -> None:
    lab = COURSE.lab(slug)
    backend = choose("bubblewrap", set(lab.needs), [COURSE.root], full_limits=True)
    only = a_part(lab) if is_proven(lab) else None  # a lab that changed is proven whole
    proof = verify(lab, backend, only=only, jobs=2, on_graded=print)
    assert proof.problems == []


@pytest.mark.usefixtures("sandbox_image")
@pytest.mark.parametrize(("slug", "row"), [(slug, row) for slug in ROWS for row in ROWS[slug]])
def test_a_lab_holds_in_containers(slug: str, row: str) -> None:
    lab = COURSE.lab(slug)
    backend = choose(row, set(lab.needs), [COURSE.root], full_limits=True)
    proof = verify(lab, backend, only=brief(lab), on_graded=print)
    assert proof.problems == []
