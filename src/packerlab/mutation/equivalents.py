"""`variants/equivalent.toml`: mutants that keep full marks, and why they may.

A row names the rules and a part of the lines that change, so it keeps its meaning when lines move.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import msgspec

from packerlab.lab import load_toml, typed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packerlab.lab import Lab
    from packerlab.mutation.mutants import Mutant

NAME = "equivalent.toml"
Words = Annotated[str, msgspec.Meta(min_length=1)]


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why some mutants are as right as the solution, or nothing that the lab asks about.

    They are made by one of the `rules`, by any where there are none, and change lines that have the
    words of `place`; with `becomes`, what these lines become has those words.
    """

    why: Words
    place: Words
    rules: list[str] = []
    becomes: str = ""

    def covers(self, mutant: Mutant) -> bool:
        """Whether this is the reason for a mutant; blanks may differ."""
        return (
            (not self.rules or mutant.rule in self.rules)
            and _plain(self.place) in _plain(mutant.old)
            and _plain(self.becomes) in _plain(mutant.new)
        )


class Row(NamedTuple):
    """A row of the table, by its name."""

    name: str
    reason: Reason


def equivalents(lab: Lab) -> Iterator[Row]:
    """The rows of a lab's table, in the order of the file; raises BadInputError."""
    table = lab.path / "variants" / NAME
    if not table.exists():
        return
    for name, keys in load_toml(table, dict[str, Any]).items():
        yield Row(name, typed(keys, Reason, f"{table} [{name}]"))


def _plain(text: str) -> str:
    return " ".join(text.split())
