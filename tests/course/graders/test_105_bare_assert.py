from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.grader import check

if TYPE_CHECKING:
    from packerlab.grader import Build


@check(points=1)
def test_exit(build: Build) -> None:
    """It fails, in no words."""
    assert build().exit == 99
