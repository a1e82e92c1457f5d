"""One check of one learner's report, looked at again: what was said of the work, and the work."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from packerlab.errors import BadInputError
from packerlab.gradebook.overrides import (
    Override,  # noqa: TC001  (msgspec reads the annotations)
    applied,
    in_force,
)
from packerlab.report import Check, Digests, person  # noqa: TC001
from packerlab.submissions.learners import learner_name
from packerlab.text import clean, visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packerlab.appeals.staleness import Today
    from packerlab.gradebook import Gradebook
    from packerlab.report import Report, Where
    from packerlab.submissions.workspaces import Submission

AROUND = 3
"""Lines of the learner's that are shown before and after the one in question."""
LONGEST_LINE = 200
MOST_NAMED = 8
"""Names that a message lists."""


class Case(NamedTuple):
    """A check of the last attempt of a learner at a lab; `number` counts the checks from 1."""

    report: Report
    check: Check
    number: int


class Line(msgspec.Struct, frozen=True):
    """A line of a learner's file, safe to show."""

    line: int
    text: str
    here: bool


class Explanation(msgspec.Struct, frozen=True):
    """All that there is to say of a check of a report.

    `check` is what grading found, `score` what counts with the points given `by_hand`. `changed`
    names what is no longer as it was, and is None where the course has no such lab; whether that is
    Packer can't be told where it was not `packer_compared`. `reproduce` is a command, or empty
    where the work was not kept.
    """

    lab: str
    title: str
    learner: str
    name: str
    attempt: int
    number: int
    check: Check
    verdict: str
    reason: str
    score: int | None
    max_score: int
    by_hand: Override | None
    lines: list[Line]
    sandbox: str
    packer: str
    limits: dict[str, int]
    digests: Digests
    changed: list[str] | None
    packer_compared: bool
    reproduce: str


def explain(book: Gradebook, case: Case, today: Today, options: list[str]) -> Explanation:
    """The evidence for a check; `options` are those that `check` needs to judge it again."""
    report, check, number = case
    given = book.overrides(report)
    counting = applied(report, given)
    work, lab, run = book.work(report), today.lab(report.lab), report.run
    words = ["packerlab", "check", str(book.kept(report.lab, report.digests.submission))]
    return Explanation(
        report.lab,
        lab.title if lab else visible(report.lab),
        run.learner,
        person(report),
        run.attempt,
        number,
        check,
        report.verdict,
        clean(report.reason),
        counting.score,
        report.max_score,
        in_force(report, given).get(check.name),
        lines_around(work, check.where) if work and check.where else [],
        run.sandbox,
        run.packer,
        run.limits,
        report.digests,
        today.changed(report) if lab else None,
        bool(today.packer),
        shlex.join([*words, "--sandbox", run.sandbox, *options]) if work else "",
    )


def find(book: Gradebook, learner: str, check: str, lab: str | None) -> Case:
    """The check that is meant; raises BadInputError where none is, or several may be."""
    report = _report(book, learner, lab)
    number = _number(report, check)
    return Case(report, report.checks[number - 1], number)


def of_learner(report: Report, name: str) -> bool:
    """Whether a report is of the learner of that name, or of that key in a gradebook."""
    return (
        report.run.learner in (name, learner_name(name))
        or person(report).casefold() == visible(name).casefold()
    )


def of_lab(report: Report, lab: str | None) -> bool:
    """Whether a report is of the lab of that slug, number or name; None is any."""
    return lab in (None, report.lab, report.lab[:3], report.lab[4:])


def lines_around(work: Submission, where: Where) -> list[Line]:
    """The lines at a place in a learner's file, and some around them."""
    file = work.files.get(where.file)
    if file is None:
        return []
    lines = file.data.decode(errors="replace").split("\n")
    first, last = max(where.line - AROUND, 1), min(where.line + AROUND, len(lines))
    return [
        Line(number, clean(lines[number - 1].rstrip("\r"), LONGEST_LINE), number == where.line)
        for number in range(first, last + 1)
    ]


# --- which one is meant ---------------------------------------------------------------------------


def _report(book: Gradebook, learner: str, lab: str | None) -> Report:
    """The last attempt of a learner at a lab, as it was graded."""
    found = [report for report in book.last_graded() if of_learner(report, learner)]
    keyed = [report for report in found if report.run.learner == learner]
    found = keyed or found
    if not found:
        raise BadInputError(f"{book.path} has no report of a learner `{visible(learner)}`.")
    keys = {report.run.learner for report in found}
    if len(keys) > 1:
        raise BadInputError(
            f"Several learners are called `{visible(learner)}`: name one by the gradebook's key: "
            f"{_listed(keys)}."
        )
    of_it = [report for report in found if of_lab(report, lab)]
    labs = {report.lab for report in of_it or found}
    if not of_it:
        raise BadInputError(
            f"{person(found[0])} has no report on the lab `{visible(lab or '')}`: "
            f"there is one on {_listed(labs)}."
        )
    if len(of_it) > 1:
        raise BadInputError(
            f"{person(found[0])} has reports on several labs: choose one with --lab: "
            f"{_listed(labs)}."
        )
    return of_it[0]


def _number(report: Report, check: str) -> int:
    """The number of the check that has this number or name, or else this in its title."""
    numbered = dict(enumerate(report.checks, 1))
    if check.isdecimal():
        exact = [number for number in numbered if number == int(check)]
    else:
        exact = [n for n, each in numbered.items() if each.name in (check, f"test_{check}")]
    wanted = check.casefold()
    meant = exact or [n for n, each in numbered.items() if wanted in each.title.casefold()]
    if len(meant) == 1:
        return meant[0]
    if not report.checks:
        raise BadInputError(f"The report of {person(report)} has no checks: {_why(report)}")
    several = "several checks" if meant else "no check"
    names = _listed(f"{n} {numbered[n].name}" for n in meant or numbered)
    raise BadInputError(f"{several.capitalize()} of the report fit `{visible(check)}`: {names}.")


def _why(report: Report) -> str:
    return f"{report.status}, {visible(report.reason)}" if report.reason else f"{report.status}."


def _listed(names: Iterable[str]) -> str:
    first = sorted(map(visible, names))
    return ", ".join(first[:MOST_NAMED]) + (", ..." if len(first) > MOST_NAMED else "")
