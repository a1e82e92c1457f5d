"""Our own course holds: what `make verify-all` proves on every row, CI proves in part."""

from __future__ import annotations

import pytest

from packerlab.course import Course, default_root
from packerlab.sandbox import choose
from packerlab.verify import verify

COURSE = Course(default_root())
ROWS = {
    lab.slug: ["docker", *(["docker-plain"] if lab.needs == {"packer"} else [])]
    for lab in COURSE.labs()
}


@pytest.mark.usefixtures("instance_base", "container_images")
@pytest.mark.parametrize("slug", COURSE.slugs)
def test_a_lab_holds(slug: str) -> None:
    lab = COURSE.lab(slug)
    backend = choose("bubblewrap", set(lab.needs), [COURSE.root], full_limits=True)
    proof = verify(lab, backend, jobs=2, on_graded=print)
    assert proof.problems == []


@pytest.mark.usefixtures("sandbox_image")
@pytest.mark.parametrize(("slug", "row"), [(slug, row) for slug in ROWS for row in ROWS[slug]])
def test_a_lab_holds_in_containers(slug: str, row: str) -> None:
    lab = COURSE.lab(slug)
    backend = choose(row, set(lab.needs), [COURSE.root], full_limits=True)
    proof = verify(lab, backend, brief=True, on_graded=print)
    assert proof.problems == []
