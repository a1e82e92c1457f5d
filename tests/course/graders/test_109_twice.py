from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.grader import check

if TYPE_CHECKING:
    from packerlab.grader import Build


@check(points=1)
def test_equal_builds_run_once(build: Build) -> None:
    """Equal builds are one build."""
    assert build() is build({}, []), "They are two."


@check(points=1)
def test_second_build(build: Build) -> None:
    """A second build is a build of its own."""
    first, second = (build(nth=nth).files.text("out/id.txt") for nth in (1, 2))
    assert first != second, "It is the first one."


@check(points=1)
def test_other_arguments(build: Build) -> None:
    """Other arguments make another build."""
    first, second = (build(args=args).files.text("out/id.txt") for args in ([], ["-force"]))
    assert first != second, "It is the first one."
