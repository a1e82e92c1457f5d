"""A course's pages as text: headings, sections, inclusions, and what only the site understands.

The syntax is that of Python-Markdown's `attr_list` and of `pymdownx.snippets`, as `mkdocs.yml`
switches them on.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEADING = re.compile(r"^(#+) +(.+?)(?: +\{ *#([\w-]+) *\})?$", re.MULTILINE)
INCLUSION = re.compile(r'^--8<-- "(.+)"\n?', re.MULTILINE)
BOX = re.compile(
    r"""^(?:!!!|\?\?\?\+?|===)[ ]?(?P<kind>[\w-]*)(?:[ ]?"(?P<title>.*)")?\n  # !!! note "A title"
    (?P<text>(?:(?:[ ]{4}.*)?\n)+)""",
    re.MULTILINE | re.VERBOSE,
)
"""A box, a fold or a tab: its title, and the indented text in it."""
OF_THE_SITE = re.compile(r"^(?: *--8<-- .*|</?figure.*>|\{ \.[\w-]+ \})\n", re.MULTILINE)
"""Inclusions in a box, the frames of figures, the classes of paragraphs."""


class Heading(NamedTuple):
    """A heading's level, text and id, and where in the page it starts."""

    level: int
    text: str
    anchor: str
    start: int


def headings(page: str) -> Iterator[Heading]:
    """The headings of a page in order; one without an id has the id that MkDocs derives."""
    for found in HEADING.finditer(page):
        derived = re.sub(r"[^\w\s-]", "", found[2].lower()).strip()
        anchor = found[3] or re.sub(r"[\s-]+", "-", derived)
        yield Heading(len(found[1]), found[2], anchor, found.start())


def section(page: str, anchor: str) -> str | None:
    """A heading with this id and all below it, up to the next heading that is not below it."""
    following = headings(page)
    for heading in following:
        if heading.anchor == anchor:
            ends = (later.start for later in following if later.level <= heading.level)
            return page[heading.start : next(ends, len(page))]
    return None


def read(page: Path, root: Path, anchor: str) -> str:
    """The part of a course's page that an id names, with inclusions; without the id, all of it."""
    text = included(page.read_text(encoding="utf-8"), root)
    return section(text, anchor) or text


def included(page: str, root: Path) -> str:
    """The page with the pages that it includes, which are named from the course's root."""

    def content(found: re.Match[str]) -> str:
        is_text = found[1].endswith(".md")
        return (root / found[1]).read_text(encoding="utf-8") if is_text else ""

    return INCLUSION.sub(content, page)


def plain(page: str) -> str:
    """The page as Markdown that any program shows: boxes as quotations, no ids, no inclusions."""
    return BOX.sub(_quoted, OF_THE_SITE.sub("", HEADING.sub(r"\1 \2", page)))


def _quoted(box: re.Match[str]) -> str:
    """A box as a quotation below its title, if text is left in it; that may be boxes too."""
    title = box["title"] or box["kind"].capitalize()
    inside = plain(textwrap.dedent(box["text"])).strip("\n")
    text = [f"**{title}**", "", *inside.splitlines()] if inside else []
    return "".join(f"> {line}".rstrip() + "\n" for line in text) + "\n"
