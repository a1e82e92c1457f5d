from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.grader import check

if TYPE_CHECKING:
    from packerlab.grader import Build


@check(points=1)
def test_build(build: Build) -> None:
    """The build ends."""
    build().expect_success()
