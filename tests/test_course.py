"""Our own course holds: `make verify-all` proves it on every row; this sees that it did, for the
labs of today, and grades a part of the answers again.
"""

from __future__ import annotations

import hashlib
import math
import subprocess
from typing import TYPE_CHECKING

import pytest

from packerlab import proofs
from packerlab.course import Course, default_root
from packerlab.sandbox import choose
from packerlab.verify import answers, brief, verify

if TYPE_CHECKING:
    from packerlab.lab import Lab

COURSE = Course(default_root())
ROWS = {
    lab.slug: ["docker", *(["docker-plain"] if lab.needs == {"packer"} else [])]
    for lab in COURSE.labs()
}


@pytest.mark.parametrize("slug", COURSE.slugs)
def test_a_lab_is_proven_as_it_is_today(slug: str) -> None:
    proven = {each.sandbox for each in proofs.proven(COURSE, COURSE.lab(slug))}
    assert proven >= {"bubblewrap", *ROWS[slug]}, f"{slug} has changed: `make verify-all`"


def a_fifth(lab: Lab) -> list[str]:
    """The starter, the solution, and a fifth of the variants: another fifth at each commit."""
    asked = ["git", "-C", str(COURSE.root), "rev-parse", "HEAD"]
    told = subprocess.run(asked, capture_output=True, text=True, check=False)
    seed = told.stdout.strip() or lab.digest  # no repository: the same fifth until the lab changes
    given, variants = answers(lab)[:2], answers(lab)[2:]
    variants.sort(key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest())
    return [*given, *variants[: math.ceil(len(variants) / 5)]]


@pytest.mark.usefixtures("instance_base", "container_images")
@pytest.mark.parametrize("slug", COURSE.slugs)
def test_a_lab_holds(slug: str) -> None:
    lab = COURSE.lab(slug)
    backend = choose("bubblewrap", set(lab.needs), [COURSE.root], full_limits=True)
    proof = verify(lab, backend, only=a_fifth(lab), jobs=2, on_graded=print)
    assert proof.problems == []


@pytest.mark.usefixtures("sandbox_image")
@pytest.mark.parametrize(("slug", "row"), [(slug, row) for slug in ROWS for row in ROWS[slug]])
def test_a_lab_holds_in_containers(slug: str, row: str) -> None:
    lab = COURSE.lab(slug)
    backend = choose(row, set(lab.needs), [COURSE.root], full_limits=True)
    proof = verify(lab, backend, only=brief(lab), on_graded=print)
    assert proof.problems == []
