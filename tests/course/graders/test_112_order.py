from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.grader import check

if TYPE_CHECKING:
    from packerlab.grader import Build, Template


@check(points=1)
def test_built(build: Build) -> None:
    """Not static: it builds."""
    build().expect_success()


@check(points=1)
def test_static(template: Template) -> None:
    """Static."""
    assert template.builds, "There is no build."


@check(points=1, needs="test_built")
def test_waits(template: Template) -> None:
    """Static, but for what it waits for."""
    assert template.builds, "There is no build."


@check(points=1)
def test_last(template: Template) -> None:
    """Static, and the last."""
    assert template.builds, "There is no build."
