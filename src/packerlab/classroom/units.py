"""What there is to grade in what a learner handed in: workspaces, each with its lab."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from packerlab.errors import MachineError, RejectedError
from packerlab.gradebook.files import UNKNOWN
from packerlab.submissions.workspaces import (
    MOST_TOLD,
    find_workspaces,
    marker_of,
    not_taken,
    refused,
    submission,
    why_none,
)
from packerlab.text import visible

if TYPE_CHECKING:
    from packerlab.course import Course
    from packerlab.lab import Lab
    from packerlab.submissions.archives import Entry
    from packerlab.submissions.classes import Handed
    from packerlab.submissions.workspaces import Found, Submission

MAX_WORKSPACES = 64
"""In what one learner handed in: more than a course has labs."""
MAX_ATTEMPTS = 10
"""Of one lab in what one learner handed in: the newest are graded."""


class Unit(NamedTuple):
    """One submission to grade, as which attempt; `again` once its wall clock ran out.

    `workspace` is its folder in what was handed in; `newest` says that no later attempt at the lab
    is in there. `id`, `handed_in` and `late` are what the learning platform says.
    """

    learner: str
    name: str
    lab: Lab | None
    submission: Submission
    workspace: str = ""
    newest: bool = True
    attempt: int = 1
    again: bool = False
    id: str = ""
    handed_in: str = ""
    late: bool = False

    @property
    def slug(self) -> str:
        return self.lab.slug if self.lab else UNKNOWN


def needs_of(course: Course, handed: list[Handed]) -> set[str]:
    """What the labs need that are handed in; what can't be read needs nothing."""
    slugs = set()
    for each in handed:
        for turn in each.turns:
            with contextlib.suppress(RejectedError, MachineError):
                found = find_workspaces(turn.entries(), any_template=False)
                for folder in found.folders[:MAX_WORKSPACES]:
                    marker = marker_of(found.entries, folder)
                    slugs.add(marker.lab if marker else "")
    return {"packer"}.union(*(lab.needs for lab in course.labs() if lab.slug in slugs))


def units_of(course: Course, handed: Handed, lab: Lab | None) -> list[Unit]:
    """The workspaces in what a learner handed in, the oldest first; `lab` is --lab's."""
    units: list[Unit] = []
    unread: list[str] = []
    for turn in handed.turns:
        about = Unit(
            handed.learner, handed.name, lab, refused(handed.refusal),
            id=turn.id, handed_in=turn.at, late=turn.late,
        )  # fmt: skip
        when = f"{turn.at.replace('T', ' ')}/" if handed.earlier else ""
        try:
            found = _found(turn._replace(refusal=handed.refusal), any_template=lab is not None)
            taken = [
                _unit(course, about, found.entries, folder, when + folder)
                for folder in found.folders
            ]
        except (RejectedError, MachineError) as error:
            units.append(about._replace(submission=not_taken(error), workspace=when))
            continue
        unread += found.unread
        units += taken
    return _newest(units, tuple(unread))


def _found(handed: Handed, *, any_template: bool) -> Found:
    """What a learner handed in, with one workspace at least; raises RejectedError where not."""
    if handed.refusal:
        raise RejectedError(handed.refusal)
    found = find_workspaces(handed.entries(), any_template=any_template)
    if not found.folders:
        raise RejectedError(why_none(found.entries, any_template=any_template))
    if len(found.folders) > MAX_WORKSPACES:
        raise RejectedError(f"more than {MAX_WORKSPACES} workspaces in it.")
    return found


def _unit(course: Course, about: Unit, entries: list[Entry], folder: str, told: str) -> Unit:
    """One workspace, with --lab's lab or its marker's; `told` is what its folder is called."""
    lab = about.lab
    marker = marker_of(entries, folder)
    named = marker.lab if marker else ""
    chosen = course.lab(named) if not lab and named in course.slugs else lab
    try:
        taken = submission(entries, folder)
    except (RejectedError, MachineError) as error:
        taken = not_taken(error)
    else:
        if chosen is None:
            taken = refused("its marker names no lab of this course.")
        elif named not in ("", chosen.slug):
            taken = refused("its marker names another lab.")
    return about._replace(lab=chosen, submission=taken, workspace=visible(told))


def _newest(units: list[Unit], unread: tuple[str, ...]) -> list[Unit]:
    """The newest attempts at each lab; the last one tells which older ones are passed over."""
    left = Counter(unit.slug for unit in units)
    kept: list[Unit] = []
    older: dict[str, list[str]] = {}
    for unit in units:
        left[unit.slug] -= 1
        if left[unit.slug] >= MAX_ATTEMPTS:
            older.setdefault(unit.slug, []).append(f"{unit.workspace} (an older attempt)")
            continue
        newest = not left[unit.slug]
        told = [
            *unread,
            *unit.submission.passed_over,
            *(older.get(unit.slug, []) if newest else []),
        ]
        taken = replace(unit.submission, passed_over=tuple(told)[:MOST_TOLD])
        kept.append(unit._replace(submission=taken, newest=newest))
    return kept
