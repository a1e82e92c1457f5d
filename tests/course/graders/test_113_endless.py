from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packerlab.checks import check

if TYPE_CHECKING:
    from packerlab.hcl.template import Template


@check(points=1)
def test_first(template: Template) -> None:
    """It has a build."""
    assert template.builds, "It has no build."


@check(points=1)
def test_endless(template: Template) -> None:
    """Its text fits a pattern that is looked for without end."""
    assert re.search("(b+)+c", "b" * 60), f"It fits none in {len(template.blocks)} blocks."
