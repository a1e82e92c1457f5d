from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.checks import check

if TYPE_CHECKING:
    from collections.abc import Callable

    from packerlab.packer.verbs import Answer


@check(points=1)
def test_build(build: Callable[..., Answer]) -> None:
    """The build ends."""
    build().expect_success()
