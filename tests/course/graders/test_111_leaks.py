from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.checks import check, fail

if TYPE_CHECKING:
    from collections.abc import Callable

    from packerlab.packer.verbs import Answer


@check(points=1)
def test_shown(build: Callable[..., Answer], hidden: Callable[[str], str]) -> None:
    """It fails with all that the learner can make it say."""
    answer = build({"name": hidden("name")})
    message, where = answer.error
    fail(f"It says {answer.output}", expected=hidden("name"), found=message, where=where)
