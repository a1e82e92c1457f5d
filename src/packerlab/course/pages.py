"""A course's pages as text: headings, sections, inclusions, and what only the site understands.

The syntax is that of Python-Markdown's `attr_list` and of `pymdownx.snippets`, as `mkdocs.yml`
switches them on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEADING = re.compile(r"^(#+) +(.+?)(?: +\{ *#([\w-]+) *\})?$", re.MULTILINE)
INCLUSION = re.compile(r'^--8<-- "(.+)"\n?', re.MULTILINE)


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
    """The page as Markdown that any program shows: without what only the site understands."""
    return "\n".join(_plain_lines(HEADING.sub(r"\1 \2", page).split("\n")))


BOX = re.compile(r'(?P<kind>!!!|\?\?\?\+?|===) +(?:(?P<type>[\w-]+) ?)?(?:"(?P<title>.*)")?')
"""A box, a fold or a tab; what belongs to it is indented below it."""
FENCE = re.compile(r" *(```+|~~~+)")
ONLY_SITE = re.compile(r' *(?:\{ *[:.#][^{}]*\}|</?(?:figure|div)\b[^>]*>|--8<-- ".*") *')
"""A line of attributes, of an element around Markdown, or of what the site includes in a fold."""
ICON = re.compile(r":(?:material|octicons|fontawesome)-[\w-]+: ?")
INDENT = " " * 4


def _plain_lines(lines: list[str]) -> Iterator[str]:
    """Boxes and folds as quotations, tabs below their titles; code as it is."""
    rest = iter(range(len(lines)))
    fence = ""
    for number in rest:
        line = lines[number]
        if found := FENCE.match(line):
            fence = "" if fence and line.strip() == fence else fence or found[1]
            yield line
        elif fence:
            yield line
        elif box := BOX.fullmatch(line):
            body = _indented(lines[number + 1 :])
            yield from _box(box, list(_plain_lines([each[len(INDENT) :] for each in body])))
            for _ in body:
                next(rest)
        elif not ONLY_SITE.fullmatch(line):
            yield ICON.sub("", line)


def _indented(lines: list[str]) -> list[str]:
    """The first lines that are indented, with blank ones between them."""
    body: list[str] = []
    for number, line in enumerate(lines, 1):
        if line.startswith(INDENT):
            body = lines[:number]
        elif line.strip():
            break
    return body


def _box(box: re.Match[str], body: list[str]) -> Iterator[str]:
    if not any(line.strip() for line in body):
        return
    title = box["title"] or box["type"].capitalize()
    if box["kind"] == "===":
        yield from (f"**{title}**", *body)
        return
    yield f"> **{title}**"
    for line in ("", *body) if body and body[0] else body:
        yield f"> {line}".rstrip()
