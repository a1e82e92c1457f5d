from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.grader import check

if TYPE_CHECKING:
    from packerlab.grader import Build, Template


@check(points=1)
def test_source(template: Template) -> None:
    """The template has a source."""
    assert template.sources, "There is no source."


@check(points=1)
def test_build(build: Build) -> None:
    """It builds."""
    build().expect_success()
