from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.checks import check

if TYPE_CHECKING:
    from collections.abc import Callable

    from packerlab.packer.verbs import Answer


@check(points=1)
def test_exit(build: Callable[..., Answer]) -> None:
    """It fails, in no words."""
    assert build().exit == 99
