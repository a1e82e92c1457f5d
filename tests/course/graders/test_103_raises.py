from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.grader import check

if TYPE_CHECKING:
    from packerlab.grader import Build, Hidden


@check(points=1)
def test_first(build: Build) -> None:
    """It builds."""
    build().expect_success()


@check(points=1)
def test_breaks(build: Build, hidden: Hidden) -> None:
    """It divides."""
    raise ZeroDivisionError(f"{build().exit} {hidden('name')}")


@check(points=1)
def test_after(build: Build) -> None:
    """It still builds."""
    build().expect_success()
