"""What a lab gives to everybody, or asks of everybody: nobody's own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packerlab.similarity.statements import of_hcl, of_lines, statements
from packerlab.variants.rows import answer, read_own, rows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packerlab.lab import Lab
    from packerlab.similarity.statements import Statement

_FENCE = re.compile(r"^ *```")


def given(lab: Lab) -> frozenset[int]:
    """The statements of the starter, of all right answers that the lab has, and of its pages.

    They are given as they are, wherever a learner puts them.
    """
    answers = [lab.starter, lab.solution]
    files = [read_own(folder).files for folder in answers if folder.is_dir()]
    files += [answer(row).files for row in rows(lab, "accept")]
    found = {each.said for own in files for some in statements(own).values() for each in some}
    for page in (lab.task, lab.page):
        if page.is_file():
            found |= {each.said for each in _of_page(page.read_text(encoding="utf-8"))}
    return frozenset(found)


def _of_page(text: str) -> Iterator[Statement]:
    """A page's lines, and what its blocks of code say as HCL."""
    yield from of_lines(text)
    block: list[str] | None = None
    for line in text.split("\n"):
        if not _FENCE.match(line):
            if block is not None:
                block.append(line)
        elif block is None:
            block = []
        else:
            yield from of_hcl("\n".join(block))
            block = None
