"""A team's own rules, as an image and a template keep them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packerlab.checks import fail
from packerlab.grader.words import steady

if TYPE_CHECKING:
    from packerlab.evidence.account import Image
    from packerlab.hcl.template import Template
    from packerlab.policy import Policy
    from packerlab.submissions.reader import Files


def expect_policy(policy: Policy, image: Image, files: Files) -> None:
    """Fail where an AMI's name, tags or region are not as the team's rules want them."""
    region = str(image.about["region"])
    if policy.regions and region not in policy.regions:
        fail(
            "The AMI is in a region that your team does not use.",
            expected=" or ".join(policy.regions),
            found=region,
        )
    if policy.name is not None and not re.fullmatch(policy.name, image.name):
        fail(
            "The AMI's name does not follow your team's pattern.",
            expected=f"a name that matches {policy.name}",
            found=steady(image.name, files),
        )
    for key, pattern in sorted(policy.tags.items()):
        value = image.tags.get(key)
        if value is None or not re.fullmatch(pattern, value):
            fail(
                f"The AMI does not have the tag {key} as your team's rules want it.",
                expected=f"{key}: a value that matches {pattern}",
                found=f"no tag {key}" if value is None else f"{key}: {steady(value, files)}",
            )


def expect_components(policy: Policy, template: Template) -> None:
    """Fail at the first component that the team's rules don't list."""
    for component in template.components():
        if policy.components and component.name not in policy.components:
            fail(
                f"Your team does not use {component.name}.",
                expected=" or ".join(policy.components),
                found=component.name,
                where=component.where,
            )
