from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.checks import check, fail

if TYPE_CHECKING:
    from collections.abc import Callable

    from packerlab.packer.verbs import Answer


@check(points=1)
def test_valid(validate: Callable[..., Answer]) -> None:
    """It is valid."""
    validate().expect_success()


@check(points=1)
def test_build(build: Callable[..., Answer]) -> None:
    """It builds."""
    if build().exit:
        fail("It does not build.")


@check(points=1)
def test_after(build: Callable[..., Answer]) -> None:
    """It still builds."""
    build().expect_success()
