from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.grader import check, fail

if TYPE_CHECKING:
    from packerlab.grader import Build, Validate


@check(points=1)
def test_valid(validate: Validate) -> None:
    """It is valid."""
    validate().expect_success()


@check(points=1)
def test_build(build: Build) -> None:
    """It builds."""
    if build().exit:
        fail("It does not build.")


@check(points=1)
def test_after(build: Build) -> None:
    """It still builds."""
    build().expect_success()
