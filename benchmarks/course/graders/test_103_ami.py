from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.grader import check, fail

if TYPE_CHECKING:
    from packerlab.grader import Build


@check(points=1)
def test_image(build: Build) -> None:
    """The build leaves one AMI."""
    image = build().account.image()
    if image.name != "app":
        fail("The AMI has another name.", expected="app", found=image.name)
