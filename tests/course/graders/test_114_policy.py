from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.grader import check, expect_components

if TYPE_CHECKING:
    from packerlab.grader import Policy, Template


@check(points=1)
def test_components(template: Template, policy: Policy) -> None:
    """The template uses what the team uses.

    - Which components does it have?
    - Which ones does the team have?
    - Look at the first line of each block.
    """
    expect_components(policy, template)
