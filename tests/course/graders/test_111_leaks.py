from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.grader import check, fail

if TYPE_CHECKING:
    from packerlab.grader import Build, Hidden


@check(points=1)
def test_shown(build: Build, hidden: Hidden) -> None:
    """It fails with all that the learner can make it say."""
    answer = build({"name": hidden("name")})
    message, where = answer.error
    fail(f"It says {answer.output}", expected=hidden("name"), found=message, where=where)
