"""The table of what the course covers has every heading of the guide, and links that lead on."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from typing import NamedTuple

from packerlab.course.pages import headings
from tests.test_docs import ROOT, page

PAGE = "docs/reference/coverage.md"
GUIDE = ROOT / "tests" / "guide_headings.txt"
STATES = ("Taught", "Corrected")
LINK = re.compile(r"\]\(([^)#]*)(?:#([\w-]+))?\)")


class Row(NamedTuple):
    """A heading of the guide, what the table says of it, and in which words."""

    heading: str
    state: str
    words: str


ROWS = [
    Row(*found)
    for found in re.findall(
        r"^\| (?!heading)(.+?) \| \*\*(.+?)\.\*\* (.+) \|$", page(PAGE), re.MULTILINE
    )
]


def test_every_heading_of_the_guide_is_in_the_table_in_its_order() -> None:
    assert [row.heading for row in ROWS] == GUIDE.read_text(encoding="utf-8").splitlines()


def test_every_row_says_where_it_is() -> None:
    for row in ROWS:
        assert row.state in STATES, row
        assert LINK.findall(row.words), row


def test_the_page_counts_its_rows() -> None:
    counted = Counter(row.state for row in ROWS)
    taught, corrected = (counted[state] for state in STATES)
    words = (
        f"Of the guide's {len(ROWS)} headings, {taught} are taught, and {corrected} are corrected."
    )
    assert words in " ".join(page(PAGE).split())


def test_every_link_leads_to_a_heading() -> None:
    for target, anchor in LINK.findall(page(PAGE)):
        name = posixpath.normpath(f"docs/reference/{target}") if target else PAGE
        assert (ROOT / name).is_file(), target
        if anchor:
            assert anchor in {heading.anchor for heading in headings(page(name))}, (
                f"{name}#{anchor}"
            )
