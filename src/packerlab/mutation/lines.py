"""How scripts and settings are made wrong, line by line; and the same for lines in strings."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from packerlab.hcl.pieces import Span
from packerlab.variants.edits import Cut

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_INPUT = re.compile(r"\$(?:\{\w+\}|\w+)")
_ENTRY = re.compile(r"\s*[\w.-]+\s*=\s*")


def line_cuts(text: str, *, script: bool) -> Iterator[tuple[str, Cut]]:
    """Every change that a rule makes of a text of lines, with the rule's name."""
    lines = [line for line in _all_lines(text) if _counts(text[line.start : line.end])]
    for rule, cuts in (
        ("drop-line", dropped(text, lines)),
        ("second-entry", doubled(text, lines)),
        ("swap-lines", swapped(text, lines)),
    ):
        yield from ((rule, cut) for cut in cuts)
    for line in lines:
        end = line.end - text[line.start : line.end].endswith("\n")
        yield from (("drop-word", cut) for cut in words_dropped(text, line.start, end))
        yield from (("change-literal", cut) for cut in _longer_words(text, line.start, end))
        if script:
            yield "swallow-exit", Cut(end, end, " || true")
            for found in _INPUT.finditer(text, line.start, end):
                yield "default-for-input", Cut(found.start(), found.end(), "fixed")


def _all_lines(text: str) -> list[Span]:
    stops = [0, *(match.end() for match in re.finditer(r"\n|(?<=[^\n])\Z", text))]
    return [Span(*pair) for pair in pairwise(stops)]


def _counts(line: str) -> bool:
    """Whether a line is more than blanks or a comment."""
    return bool(line.strip()) and not line.lstrip().startswith("#")


def dropped(_: str, lines: Sequence[Span]) -> Iterator[Cut]:
    """Each line is taken out, where there are several."""
    if len(lines) > 1:
        yield from (Cut(line.start, line.end, "") for line in lines)


def doubled(text: str, lines: Sequence[Span]) -> Iterator[Cut]:
    """Each line stands twice; where it is an entry, the second may have another value."""
    if len(lines) > 1:
        for line in lines:
            written = text[line.start : line.end]
            yield Cut(line.start, line.end, written * 2)
            if entry := _ENTRY.match(written):
                ending = re.search(r"(\\n|\n)?\Z", written)
                other = f"{entry[0]}other{ending[0] if ending else ''}"
                yield Cut(line.start, line.end, written + other)


def swapped(text: str, parts: Sequence[Span]) -> Iterator[Cut]:
    """Each two neighbours change places."""
    for one, other in pairwise(parts):
        between = text[one.end : other.start]
        new = text[other.start : other.end] + between + text[one.start : one.end]
        yield Cut(one.start, other.end, new)


def words_dropped(text: str, start: int, end: int) -> Iterator[Cut]:
    """Each word of a stretch is taken out, where there are several."""
    words = list(re.compile(r"\S+[ \t]*").finditer(text, start, end))
    if len(words) > 1:
        yield from (Cut(word.start(), word.end(), "") for word in words)


def _longer_words(text: str, start: int, end: int) -> Iterator[Cut]:
    for word in re.compile(r"\w+").finditer(text, start, end):
        yield Cut(word.end(), word.end(), "x")
