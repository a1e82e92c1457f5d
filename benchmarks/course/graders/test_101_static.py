from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.grader import check, fail

if TYPE_CHECKING:
    from packerlab.grader import Files, Template


@check(points=1)
def test_source(template: Template) -> None:
    """The template declares a source."""
    if not template.sources:
        fail("There is no source.")


@check(points=1)
def test_build(template: Template) -> None:
    """The template declares a build."""
    if not template.builds:
        fail("There is no build.")


@check(points=1)
def test_small(submission: Files) -> None:
    """The workspace holds few files."""
    if len(submission) > 10:
        fail("There are many files.", found=len(submission))
