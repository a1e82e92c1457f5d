from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.checks import check

if TYPE_CHECKING:
    from collections.abc import Callable

    from packerlab.packer.verbs import Answer


@check(points=1)
def test_first(build: Callable[..., Answer]) -> None:
    """It builds."""
    build().expect_success()


@check(points=1)
def test_breaks(build: Callable[..., Answer], hidden: Callable[[str], str]) -> None:
    """It divides."""
    raise ZeroDivisionError(f"{build().exit} {hidden('name')}")


@check(points=1)
def test_after(build: Callable[..., Answer]) -> None:
    """It still builds."""
    build().expect_success()
