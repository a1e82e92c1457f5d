"""Which works are alike: by the statements that few have, and that the lab gave to nobody.

No work is compared with every other. Each statement knows whose it is, and statements that many
have are passed over, so the time grows with what was handed in.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST = 5
"""Statements of a learner's own: with fewer, likeness tells nothing, and nothing is said."""
LEAST_PERCENT = 60
"""What two works share of the smaller one's own statements before it is worth a look."""
COMMON_PERCENT = 10
COMMON_COUNT = 4
MOST_COMMON = 50
"""A statement that more works have than this share, or than four, is the lab's and nobody's own;
of one that more than fifty have, nobody would talk with all of them."""


class Alike(NamedTuple):
    """Works that are alike, by their places in what was compared; `sides` are two to look at.

    `own` is how many statements of its own the smaller one has, `shared` those of them that the
    other has too.
    """

    members: tuple[int, ...]
    sides: tuple[int, int]
    own: int
    shared: frozenset[int]

    @property
    def percent(self) -> int:
        return 100 * len(self.shared) // self.own


class Compared(NamedTuple):
    """What a comparison found, the most alike first, and how many works say too little."""

    alike: list[Alike]
    too_small: int


def compare(works: Sequence[frozenset[int]]) -> Compared:
    """Compare works that are given by what is their own: statements that the lab did not give."""
    equal: dict[frozenset[int], list[int]] = defaultdict(list)
    for place, work in enumerate(works):
        equal[work].append(place)
    groups = list(equal.items())
    telling = _telling([own for own, _ in groups])
    alike = [
        Alike(tuple(members), (members[0], members[1]), len(own), own)
        for own, (_, members) in zip(telling, groups, strict=True)
        if len(members) > 1 and len(own) >= LEAST
    ]
    for one, other in _candidates(telling):
        shared = telling[one] & telling[other]
        smaller = min(len(telling[one]), len(telling[other]))
        if 100 * len(shared) >= LEAST_PERCENT * smaller:
            these, those = groups[one][1], groups[other][1]
            alike.append(Alike((*these, *those), (these[0], those[0]), smaller, shared))
    alike.sort(key=lambda each: (-len(each.shared), -each.percent, each.members))
    small = sum(
        len(members) for own, (_, members) in zip(telling, groups, strict=True) if len(own) < LEAST
    )
    return Compared(alike, small)


def _telling(groups: list[frozenset[int]]) -> list[frozenset[int]]:
    """The statements of each that only few others have."""
    having = Counter(statement for own in groups for statement in own)
    most = min(max(COMMON_COUNT, COMMON_PERCENT * len(groups) // 100), MOST_COMMON)
    return [frozenset(each for each in own if having[each] <= most) for own in groups]


def _candidates(groups: list[frozenset[int]]) -> list[tuple[int, int]]:
    """The pairs that share enough to look at."""
    having: dict[int, list[int]] = defaultdict(list)
    for place, own in enumerate(groups):
        if len(own) >= LEAST:
            for statement in own:
                having[statement].append(place)
    shared = Counter(pair for places in having.values() for pair in combinations(places, 2))
    return sorted(pair for pair, count in shared.items() if count >= LEAST)
