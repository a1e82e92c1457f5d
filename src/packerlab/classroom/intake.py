"""What was handed in, as a table to look at before grading begins: whose, what for, and how late.

Everything is read as grading reads it, within the same bounds, and nothing is run.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from packerlab.classroom.marks import Lateness, lateness, time_of
from packerlab.classroom.people import Match
from packerlab.classroom.units import units_of
from packerlab.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packerlab.classroom.opening import Classroom
    from packerlab.classroom.units import Unit
    from packerlab.course import Course
    from packerlab.lab import Lab
    from packerlab.submissions.classes import Class, Handed


class Arrival(msgspec.Struct, frozen=True):
    """One workspace that was handed in. `attempt` counts those of its learner for its lab.

    `name` is the roster's, else what it was handed in under.
    """

    learner: str
    name: str
    id: str
    lab: str
    attempt: int
    handed_in: str
    late: str
    workspace: str
    passed_over: list[str]
    rejected: str
    roster: str = ""
    """What is wrong with the learner's place on the roster, if something is."""


class Roll(msgspec.Struct, frozen=True):
    """A class against its roster: who handed in nothing, and who is not on it or may be two."""

    missing: list[str] = []
    strangers: list[str] = []
    doubts: list[str] = []


class Intake(msgspec.Struct, frozen=True):
    """All that was handed in. `platforms` are those that the names show, `rules` a `class.toml`."""

    submissions: list[Arrival]
    platforms: tuple[str, ...]
    rules: str
    passed_over: list[str]
    roll: Roll


def take_in(course: Course, found: Class, lab: Lab | None, room: Classroom | None) -> Intake:
    """Read what was handed in, one learner after the other."""
    arrivals = [
        arrival for handed in found.handed for arrival in _arrivals(course, handed, lab, room)
    ]
    rules = visible(str(room.path)) if room else ""
    return Intake(arrivals, found.platforms, rules, found.passed_over, call_roll(found, room))


def call_roll(found: Class, room: Classroom | None) -> Roll:
    """Compare who handed in with the roster; without one there is nothing to say."""
    if room is None or room.roster is None:
        return Roll()
    here = set()
    strangers, doubts = [], []
    for handed in found.handed:
        person, doubt = room.roster.match(handed.id, handed.name)
        if person:
            here.add(person)
        elif doubt:
            doubts.append(f"{visible(handed.name)}: {doubt}")
        else:
            strangers.append(visible(handed.name))
    missing = [visible(each.name or each.id) for each in room.roster.people if each not in here]
    return Roll(missing, strangers, doubts)


def _arrivals(
    course: Course, handed: Handed, lab: Lab | None, room: Classroom | None
) -> Iterator[Arrival]:
    attempts: Counter[str] = Counter()
    for unit in units_of(course, handed, lab):
        attempts[unit.slug] += 1
        at = _time_of(unit, room)
        person, doubt = _place(unit, room)
        yield Arrival(
            learner=unit.learner,
            name=visible((person and person.name) or unit.name),
            id=visible(unit.id),
            lab=unit.slug,
            attempt=attempts[unit.slug],
            handed_in=at,
            late=_lateness(unit, at, room).words,
            workspace=unit.workspace,
            passed_over=list(unit.submission.passed_over),
            rejected=visible(unit.submission.refusal or unit.submission.fault),
            roster=doubt,
        )


def _time_of(unit: Unit, room: Classroom | None) -> str:
    if room is None or not unit.newest:
        return unit.handed_in
    return time_of(room, unit.slug, unit.id, unit.name) or unit.handed_in


def _lateness(unit: Unit, at: str, room: Classroom | None) -> Lateness:
    if room is None:
        return Lateness(int(unit.late))
    return lateness(room.rules, unit.slug, at, marked=unit.late)


def _place(unit: Unit, room: Classroom | None) -> Match:
    """Who it is on the roster; without one there is no doubt."""
    if room is None or room.roster is None:
        return Match(None)
    found = room.roster.match(unit.id, unit.name)
    return found if found.person or found.doubt else Match(None, "not on the roster")
