"""Our own course holds: what `make verify-all` proves on every row, CI proves in part."""

from __future__ import annotations

import pytest

from packerlab.course import Course, default_root
from packerlab.sandbox import choose
from packerlab.verify import verify

COURSE = Course(default_root())


@pytest.mark.parametrize("slug", COURSE.slugs)
def test_a_lab_holds(slug: str) -> None:
    backend = choose("bubblewrap", set(), [COURSE.root], full_limits=True)
    proof = verify(COURSE.lab(slug), backend, jobs=2, on_graded=print)
    assert proof.problems == []
    assert proof.graded > 15


@pytest.mark.usefixtures("sandbox_image")
@pytest.mark.parametrize("row", ["docker", "docker-plain"])
@pytest.mark.parametrize("slug", COURSE.slugs)
def test_a_lab_holds_in_containers(slug: str, row: str) -> None:
    backend = choose(row, set(), [COURSE.root], full_limits=True)
    proof = verify(COURSE.lab(slug), backend, brief=True, on_graded=print)
    assert proof.problems == []
