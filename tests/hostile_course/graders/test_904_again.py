# packerlab-canary-grader-4b8e6f0a91d27c35: no byte that is written may hold this.
from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.grader import check, fail

if TYPE_CHECKING:
    from packerlab.grader import Build


@check(points=5)
def test_it_builds(build: Build) -> None:
    """`packer build` succeeds, twice."""
    for nth in (1, 2):
        build(nth=nth).expect_success()


@check(points=5)
def test_starts_anew(build: Build) -> None:
    """A second build finds nothing of the first."""
    second = build(nth=2)
    if "out/again.txt" in second.files:
        fail("The second build found the first.", found=second.files.text("out/again.txt"))
