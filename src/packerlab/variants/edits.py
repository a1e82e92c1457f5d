"""Small edits of several texts at once, as an author writes them by hand.

What an edit takes out must be in the texts exactly once, as they were before any edit. So it needs
no file name or line number, and the order of edits never matters.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from packerlab.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Iterator


class Edit(NamedTuple):
    """`old` becomes `new`; one of whole lines matches only where a line begins."""

    old: str
    new: str
    whole_lines: bool = False

    def places(self, texts: dict[str, str]) -> list[tuple[str, int]]:
        """Each text and offset where `old` begins."""
        pattern = ("^" if self.whole_lines else "") + f"(?={re.escape(self.old)})"
        return [
            (name, match.start())
            for name, text in texts.items()
            for match in re.finditer(pattern, text, re.MULTILINE)
        ]


class Cut(NamedTuple):
    """A stretch of a text, and what is put in its place."""

    start: int
    end: int
    new: str


def parse_diff(diff: str) -> Iterator[Edit]:
    """The hunks of a diff without line numbers; a line that begins with `@@` parts two hunks."""
    for hunk in re.split(r"^@@.*\n", diff, flags=re.MULTILINE):
        lines = [" " if line == "" else line for line in hunk.removesuffix("\n").split("\n")]
        if not hunk:  # the first line of the diff may be `@@`
            continue
        for line in lines:
            if line[0] not in " +-":
                raise BadInputError(f"a line of `diff` begins with +, - or a blank, not `{line}`.")
        old = "".join(f"{line[1:]}\n" for line in lines if line[0] in " -")
        new = "".join(f"{line[1:]}\n" for line in lines if line[0] in " +")
        if not old.strip():
            raise BadInputError("`diff` adds lines, but shows no line beside which they belong.")
        yield Edit(old, new, whole_lines=True)


def apply(texts: dict[str, str], edits: list[Edit]) -> dict[str, str]:
    """The texts after all edits; raises BadInputError where one is not found exactly once."""
    cuts: dict[str, list[Cut]] = {name: [] for name in texts}
    for edit in edits:
        places = edit.places(texts)
        if len(places) != 1:
            raise BadInputError(_not_once(edit, places, texts))
        ((name, start),) = places
        cuts[name].append(Cut(start, start + len(edit.old), edit.new))
    return {name: _cut(text, sorted(cuts[name])) for name, text in texts.items()}


def _cut(text: str, cuts: list[Cut]) -> str:
    for one, other in pairwise(cuts):
        if other.start < one.end:
            raise BadInputError(f"two edits change `{_shown(text[other.start : one.end])}`.")
    for cut in reversed(cuts):
        text = text[: cut.start] + cut.new + text[cut.end :]
    return text


def _not_once(edit: Edit, places: list[tuple[str, int]], texts: dict[str, str]) -> str:
    """What is wrong: the line that is missing, or every place where the edit would fit."""
    if places:
        found = ", ".join(f"{name}:{texts[name].count(chr(10), 0, at) + 1}" for name, at in places)
        return f"the solution has `{_shown(edit.old)}` {len(places)} times, in {found}: give more."
    lines = edit.old.splitlines(keepends=edit.whole_lines)
    unknown = [line for line in lines if not edit._replace(old=line).places(texts)]
    if unknown:
        return f"the solution has no `{_shown(unknown[0])}`."
    return (
        f"the solution has `{_shown(lines[0])}`, but not with the {len(lines) - 1} lines after it."
    )


def _shown(text: str) -> str:
    """The first line of a text that has any words."""
    return next((line for line in text.split("\n") if line.strip()), "")[:80]
