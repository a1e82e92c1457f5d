"""Where a class's rules are: named, beside the submissions, or kept in the gradebook.

The gradebook keeps a copy of `class.toml` and of the tables that it names, so that a report is made
by the rules that were used last.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from packerlab.classroom.people import MAX_BYTES, read_people
from packerlab.course import open_course
from packerlab.course.rules import FILE, Rules, read_bounded, read_rules
from packerlab.course.signing import key_of
from packerlab.errors import BadInputError
from packerlab.gradebook.files import CLASS
from packerlab.gradebook.ledger import Ledger
from packerlab.report import person

if TYPE_CHECKING:
    from packerlab.classroom.people import People
    from packerlab.course import Course
    from packerlab.course.signing import Key
    from packerlab.gradebook import Gradebook
    from packerlab.report import Report


class Classroom(NamedTuple):
    """A class's rules, its roster, and each lab's table of times; `files` are their bytes."""

    path: Path
    rules: Rules
    roster: People | None
    times: dict[str, People]
    files: dict[str, bytes]

    def known_as(self, report: Report) -> frozenset[str]:
        """What else the roster calls a learner; nothing where it can't be told who that is."""
        found = self.roster and self.roster.match(report.run.id, person(report)).person
        return found.ids | {found.name, found.email} if found else frozenset()


def open_classroom(path: Path) -> Classroom:
    """Read a `class.toml`, and the tables that it names."""
    file = read_rules(path)
    rules = file.rules
    files = {name: read_bounded(path.parent / name, MAX_BYTES) for name in rules.files()}
    roster = rules.roster and read_people(path.parent / rules.roster, files[rules.roster])
    times = {
        slug: read_people(path.parent / lab.times, files[lab.times], times=True)
        for slug, lab in rules.labs.items()
        if lab.times
    }
    return Classroom(path, rules, roster or None, times, {FILE: file.data, **files})


def without_rules() -> Classroom:
    """A class that has no `class.toml`: the latest attempt counts, and all labs count the same."""
    return Classroom(Path(FILE), Rules(1), None, {}, {})


def find(
    named: Path | None, paths: list[Path], gradebook: Path | None, key: Key | None
) -> Path | None:
    """The `class.toml` to grade by: what --class names, one beside the submissions, the copy."""
    if named:
        return named
    beside = {Path(os.path.normpath(path / os.pardir)) / FILE for path in paths}
    found = sorted(path for path in beside if path.is_file())
    if len(found) > 1:
        listed = " and ".join(map(str, found[:2]))
        raise BadInputError(f"There are {listed}: name the one that holds with --class.")
    return found[0] if found else gradebook and kept_in(gradebook, key)


def kept_in(gradebook: Path, key: Key | None) -> Path | None:
    """A gradebook's own copy, if it has one. With the course's key, it must be as it was saved."""
    copy = gradebook / CLASS / FILE
    if not copy.is_file():
        return None
    if key:
        ledger = Ledger(gradebook, key)
        for name in (FILE, *read_rules(copy).rules.files()):
            file = copy.with_name(name)
            if not (file.is_file() and ledger.holds(f"{CLASS}/{name}", file.read_bytes())):
                raise BadInputError(
                    f"{file} is not as `packerlab grade` saved it: name the class's rules "
                    "with --class."
                )
    return copy


def keep(classroom: Classroom, gradebook: Gradebook) -> None:
    """Put a copy into a gradebook that is open for grading."""
    if classroom.path != gradebook.path / CLASS / FILE:
        gradebook.keep_class(classroom.files)


def course_of(gradebook: Path, course: Path | None) -> Course:
    """The course that a gradebook was graded with: under the policy of its copy, if it has one."""
    whole = open_course(course)
    rules = kept_in(gradebook, key_of(whole.root))
    return under(whole, open_classroom(rules)) if rules else whole


def under(course: Course, classroom: Classroom) -> Course:
    """The course under a class's policy, if the class has one."""
    policy = classroom.rules.policy
    return course.under(policy) if policy.digest else course


def refuse_unknown_labs(classroom: Classroom, course: Course) -> None:
    """Say so where the rules name a lab that the course does not have."""
    for slug in classroom.rules.labs:
        if slug not in course.slugs:
            raise BadInputError(
                f"{classroom.path}: [labs.{slug}] is no lab of this course: "
                "`packerlab labs` lists them."
            )
