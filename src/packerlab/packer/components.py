"""Which components a template uses, and whether its lab allows them and what they are given.

Our parser says it, and `packer inspect` in the box: what either sees must be in the lab's list.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packerlab.errors import RejectedError
from packerlab.hcl.template import COMPUTED
from packerlab.packer.arguments import PROGRAMS, refuse_arguments
from packerlab.packer.versions import fail_newer_blocks
from packerlab.text import visible

if TYPE_CHECKING:
    from packerlab.hcl.template import Template
    from packerlab.lab import Lab
    from packerlab.packer.answers import Answer
    from packerlab.packer.versions import Version


def refuse_foreign_components(
    lab: Lab, template: Template, inspected: Answer, version: Version
) -> None:
    """Reject a template that uses what the lab does not name: by our parser, then by Packer's."""
    allowed = set(lab.manifest.components)
    for component in template.components():
        if component.name not in allowed:
            where = f"{visible(component.where.file)}:{component.where.line}"
            raise RejectedError(_foreign(component.name, allowed, where))
    if inspected.exit != 0:
        fail_newer_blocks(template, version)
    inspected.expect_success()
    listed = inspected_components(inspected, len(template.builds))
    if listed is None:
        raise RejectedError("a name or description in a build has line breaks that mislead.")
    for name in sorted(listed - allowed):
        raise RejectedError(_foreign(name, allowed, "`packer inspect` lists it"))
    if not any(name.partition(".")[2] in PROGRAMS for name in allowed):
        refuse_arguments(template)


def _foreign(name: str, allowed: set[str], where: str) -> str:
    kind, _, own = name.partition(".")
    shown = visible(own)[:60]
    if kind == COMPUTED:
        return f'write out the labels of `dynamic "{shown}"`: here they are computed ({where}).'
    instead = f"it is done with {', '.join(sorted(allowed))}" if allowed else "it has no templates"
    return f"this lab does not use the {kind} `{shown}` ({where}); {instead}."


_TITLES = {"    sources:": "source", "    provisioners:": "provisioner",
           "    post-processors:": "post-processor"}  # fmt: skip
_ITEM = re.compile(r"(?P<indent> {6}| {8})(?P<type>[^\s<.][^.]*)(\..*)?")


def inspected_components(answer: Answer, builds: int) -> set[str] | None:
    """The components that `packer inspect` lists; None where its list can't be read.

    Names and descriptions in a template may hold line breaks and so forge lines. Each of the
    template's `builds` has each title once, in this order: one more is forged, and the list can't
    be read. Without forged titles every real item stands under its own, and what is forged between
    can only add components. Packer before 1.7 leaves out a build that has a mistake.
    """
    lines = next(
        (message.data[1].split("\n") for message in reversed(answer.messages)
         if message.type == "ui" and message.data[1:] and message.data[1].startswith("> builds:")),
        None,
    )  # fmt: skip
    if lines is None:
        return None
    titles = [line for line in lines if line in _TITLES]
    if titles != [*_TITLES] * (len(titles) // 3) or len(titles) > 3 * builds:
        return None
    found = set()
    section = ""
    for line in lines:
        section = _TITLES.get(line, section)
        item = _ITEM.fullmatch(line)
        indent = 8 if section == "post-processor" else 6
        if section and item and len(item["indent"]) == indent:
            found.add(f"{section}.{item['type']}")
    return found
