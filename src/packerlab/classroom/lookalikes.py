"""A class's submissions that are alike, lab by lab, with the texts that show it."""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from packerlab.classroom.units import units_of
from packerlab.report import person
from packerlab.similarity.given import given
from packerlab.similarity.pairs import compare
from packerlab.similarity.statements import statements
from packerlab.submissions.bundles import unpacked
from packerlab.submissions.reader import without
from packerlab.writers.similar_page import Line, Lookalikes, Pair, Side, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from packerlab.course import Course
    from packerlab.gradebook import Gradebook
    from packerlab.lab import Lab
    from packerlab.similarity.pairs import Alike
    from packerlab.similarity.statements import Statement
    from packerlab.submissions.classes import Handed
    from packerlab.submissions.reader import Files

MOST_SHOWN = 50
"""Pairs with their texts."""
MOST_LINES = 300
LONGEST_LINE = 300


class Work(NamedTuple):
    """What a learner handed in for a lab; `files` reads it, so that a class needs no memory."""

    name: str
    lab: Lab
    files: Callable[[], Files]


def works(course: Course, handed: list[Handed], lab: Lab | None) -> Iterator[tuple[Work, Files]]:
    """The newest readable work of each learner on each lab, with its files; `lab` is --lab's."""
    for each in handed:
        for unit in units_of(course, each, lab):
            if unit.lab and unit.newest and not unit.submission.refusal:
                again = partial(_files, course, each, lab, unit.slug)
                yield Work(each.name, unit.lab, again), unit.submission.files


def _files(course: Course, handed: Handed, lab: Lab | None, slug: str) -> Files:
    """What somebody handed in for a lab, read again; nothing where it is gone."""
    units = units_of(course, handed, lab)
    found = (unit.submission.files for unit in units if unit.newest and unit.slug == slug)
    return next(found, {})


def kept_works(course: Course, book: Gradebook, lab: Lab | None) -> Iterator[tuple[Work, Files]]:
    """The same from a gradebook: what it keeps of each learner's last attempt."""
    labs = {each.slug: each for each in ([lab] if lab else course.labs())}
    for report in book.latest():
        own = labs.get(report.lab)
        file = book.kept(report.lab, report.digests.submission)
        submission = book.work(report) if own else None
        if own and file and submission:
            yield Work(person(report), own, partial(_unpacked, file)), submission.files


def _unpacked(file: Path) -> Files:
    return unpacked(file).files


def lookalikes(found: Iterator[tuple[Work, Files]]) -> Lookalikes:
    """Compare the works on each lab."""
    classes: dict[str, _Class] = {}
    for work, files in found:
        slug = work.lab.slug
        if slug not in classes:
            classes[slug] = _Class(work.lab)
        classes[slug].add(work, files)
    compared = [(each, compare(each.own)) for each in classes.values()]
    pairs = [(each, alike) for each, result in compared for alike in result.alike]
    pairs.sort(key=lambda pair: -len(pair[1].shared))
    return Lookalikes(
        pairs=[each.pair(alike) for each, alike in pairs[:MOST_SHOWN]],
        more=max(0, len(pairs) - MOST_SHOWN),
        compared=sum(len(each.works) for each in classes.values()),
        too_small=sum(result.too_small for _, result in compared),
    )


class _Class:
    """The works on one lab, with what is their own."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.given = given(lab)
        self.works: list[Work] = []
        self.own: list[frozenset[int]] = []

    def add(self, work: Work, files: Files) -> None:
        found = chain.from_iterable(self._statements(files).values())
        self.works.append(work)
        self.own.append(frozenset(each.said for each in found) - self.given)

    def _statements(self, files: Files) -> dict[str, list[Statement]]:
        return statements(without(files, self.lab.manifest.outputs))

    def pair(self, alike: Alike) -> Pair:
        """Two works side by side."""
        sides = [self.works[place] for place in alike.sides]
        first = [work.name for work in sides]
        others = [self.works[place].name for place in alike.members if place not in alike.sides]
        return Pair(
            lab=self.lab.slug,
            names=first + others,
            shared=len(alike.shared),
            own=alike.own,
            sides=[self._side(work, alike.shared) for work in sides],
        )

    def _side(self, work: Work, shared: frozenset[int]) -> Side:
        files = work.files()
        texts = []
        for name, found in self._statements(files).items():
            marked = {
                line
                for each in found
                if each.said in shared
                for line in range(each.first, each.last + 1)
            }
            if marked:
                text = files[name].data.decode(errors="replace")
                texts.append(_text(name, text.rstrip().split("\n"), marked))
        return Side(work.name, texts)


def _text(name: str, lines: list[str], marked: set[int]) -> Text:
    shown = [
        Line(line[:LONGEST_LINE], number in marked)
        for number, line in enumerate(lines[:MOST_LINES], 1)
    ]
    return Text(name, shown, max(0, len(lines) - MOST_LINES))
