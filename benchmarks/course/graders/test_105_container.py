from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.grader import check, fail

if TYPE_CHECKING:
    from packerlab.grader import Build


@check(points=1)
def test_image(build: Build) -> None:
    """The build leaves one image with a file in it."""
    found = build().containers.image("lab/app:1.0").disk.text("/etc/app")
    if found != "app\n":
        fail("The file has another content.", expected="app", found=found)
