from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.checks import check

if TYPE_CHECKING:
    from collections.abc import Callable

    from packerlab.hcl.template import Template
    from packerlab.packer.verbs import Answer


@check(points=1)
def test_source(template: Template) -> None:
    """The template has a source."""
    assert template.sources, "There is no source."


@check(points=1)
def test_build(build: Callable[..., Answer]) -> None:
    """It builds."""
    build().expect_success()
