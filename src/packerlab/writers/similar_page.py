"""Submissions that are alike, side by side: one HTML page for the instructor alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packerlab.writers.html_page import environment

if TYPE_CHECKING:
    from collections.abc import Iterator


class Line(NamedTuple):
    """A line of a file; `shared` if a statement in it is one that the others have, too."""

    text: str
    shared: bool


class Text(NamedTuple):
    """A file, as far as it is shown; `left` are the lines that are not."""

    name: str
    lines: list[Line]
    left: int


class Side(NamedTuple):
    """One learner's files that have something in common with the other's."""

    name: str
    texts: list[Text]


class Pair(NamedTuple):
    """Learners whose work on a lab is alike, and the work of two of them.

    Of the `own` statements of the smaller work, the other has so many as `shared` says.
    """

    lab: str
    names: list[str]
    shared: int
    own: int
    sides: list[Side]


class Lookalikes(NamedTuple):
    """The most alike first; `more` are not shown, `too_small` of those compared tell nothing."""

    pairs: list[Pair]
    more: int
    compared: int
    too_small: int


def write_similar(found: Lookalikes) -> Iterator[bytes]:
    """The pairs, each with both texts and the lines that they share."""
    stream = environment().get_template("similar.html").stream(found=found)
    stream.enable_buffering(1_000)
    for part in stream:
        yield part.encode()
