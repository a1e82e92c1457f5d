# packerlab-canary-grader-4b8e6f0a91d27c35: no byte that is written may hold this.
from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.grader import check

if TYPE_CHECKING:
    from packerlab.grader import Build


@check(points=10)
def test_it_builds(build: Build) -> None:
    """`packer build` succeeds in time."""
    build().expect_success()
