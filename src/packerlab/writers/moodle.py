"""Scores and feedback filled into a file of Moodle's: what a grade import takes.

Either an assignment's grading worksheet, whose rows have the number that is in the names of the
files handed in, or a gradebook's export, or any list of the course's people. Moodle drops an item's
grades where its feedback is not imported with them, so both columns are there at the end.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, NamedTuple

from packerlab.errors import BadInputError
from packerlab.text import visible
from packerlab.writers.csv_rows import safe_text
from packerlab.writers.filling import Filled, by_lab, column_for, one_lab, scaled, several
from packerlab.writers.people import Keys, People, folded, who
from packerlab.writers.sheet import read_sheet
from packerlab.writers.words import findings, points, remarks

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from packerlab.report import Report
    from packerlab.writers.filling import Filling
    from packerlab.writers.sheet import Sheet

PEOPLE = {
    "identifier": "identifier",
    "number": "id number",
    "login": "email address",
    "user": "username",
    "whole": "full name",
    "first": "first name",
    "last": "last name",
}
NOT_POINTS = re.compile(r"\((feedback|percentage|letter)\)$", re.IGNORECASE)
FEEDBACK = "(feedback)"
OURS = "packerlab: "
"""How a feedback begins that may be replaced by a newer one."""
LONGEST = 2_000
"""Characters of a feedback."""


class _Columns(NamedTuple):
    """Where a lab's grade and its feedback go; a worksheet may have no place for the second."""

    grade: int
    feedback: int | None


def fill_moodle(reports: Iterable[Report], filling: Filling) -> Filled:
    """Fill a worksheet, which is one assignment's, or the two columns of each lab."""
    sheet = read_sheet(filling.data, filling.name)
    if all(sheet.place(PEOPLE[key]) is None for key in ("identifier", "number", "login")):
        raise BadInputError(
            f"{filling.name} is not a file of Moodle's: the first row has none of `Identifier`, "
            "`Email address` and `ID number`. Is Moodle's language English where you export it?"
        )
    labs, notes = by_lab(reports)
    worksheet = sheet.place(PEOPLE["identifier"]) is not None
    if worksheet:
        one_lab(labs, f"{filling.name} is one assignment's")
    if filling.column is not None:
        one_lab(labs, "--column is one lab's")
    people = People(_rows(sheet), filling.name, filling.known_as)
    for lab, own in labs.items():
        columns = _of_worksheet(sheet, filling) if worksheet else _columns(sheet, lab, filling)
        notes += _fill(sheet, columns, people, own)
    return Filled(sheet.encode(), notes)


def _rows(sheet: Sheet) -> dict[int, Keys]:
    places = {key: sheet.place(name) for key, name in PEOPLE.items()}
    rows = {}
    for number, row in enumerate(sheet.rows[1:], 1):
        said = {key: row.text(place).strip() for key, place in places.items()}
        participant = said["identifier"]
        names = {folded(said["whole"]), folded(f"{said['first']} {said['last']}")}
        rows[number] = Keys(
            participant[len(participant.rstrip("0123456789")) :],
            said["number"],
            said["login"] or said["user"],
            frozenset(names),
        )
    return rows


def _of_worksheet(sheet: Sheet, filling: Filling) -> _Columns:
    grade = sheet.place("grade")
    if grade is None or filling.column is not None:
        why = "has no column `Grade`" if grade is None else "has its own column, without --column"
        raise BadInputError(f"{filling.name} is a grading worksheet, which {why}.")
    return _Columns(grade, sheet.place("feedback comments"))


def _columns(sheet: Sheet, lab: str, filling: Filling) -> _Columns:
    """A lab's columns in an export; those that are missing are put at the end of each row."""
    columns = {
        place: name
        for place, name in enumerate(sheet.header)
        if name.casefold() not in PEOPLE.values() and not NOT_POINTS.search(name)
    }
    found = column_for(columns, lab, filling.titles.get(lab, ""), filling.column)
    if len(found) > 1:
        raise several((columns[place] for place in found), filling.name)
    title = f"{lab[:3]} {filling.titles[lab]}" if lab in filling.titles else lab
    grade = found[0] if found else sheet.add(filling.column or title)
    name = re.sub(r" \(real\)$", "", sheet.header[grade], flags=re.IGNORECASE)
    feedback = sheet.place(f"{name} {FEEDBACK}".casefold())
    return _Columns(grade, sheet.add(f"{name} {FEEDBACK}") if feedback is None else feedback)


def _fill(sheet: Sheet, columns: _Columns, people: People, reports: list[Report]) -> list[str]:
    name = f"`{visible(sheet.header[columns.grade])}`"
    locked, maximum = sheet.place("grade can be changed"), sheet.place("maximum grade")
    rows, notes = people.match(reports)
    filled = 0
    worths: set[Decimal] = set()
    for number, report in rows.items():
        row = sheet.rows[number]
        if report.mark is None:
            continue
        if row.text(locked).strip().casefold() == "no":
            notes.append(f"{who(report)}: Moodle has locked this grade: left as it is.")
            continue
        possible = sheet.number(row.text(maximum))
        grade, before = scaled(report.mark, report.max_score, possible), row.text(columns.grade)
        if sheet.number(before) not in (None, grade):
            notes.append(f"{who(report)} had {visible(before)} in {name}, now {grade:f}.")
        sheet.put(number, columns.grade, sheet.written(grade))
        own = row.text(columns.feedback).strip()
        if own and not own.startswith(OURS):
            notes.append(f"{who(report)} has a feedback by hand: left as it is.")
        elif columns.feedback is not None:
            sheet.put(number, columns.feedback, feedback(report))
        worths |= {possible} if possible else set()
        filled += 1
    notes.append(f"{name}: {filled} filled, of {len(reports)} in the gradebook.")
    worth = max((report.max_score for report in reports), default=0)
    if maximum is None:
        notes.append(f"{name} has to have {worth} as its maximum grade in Moodle.")
    elif worths - {worth}:
        said = ", ".join(f"{each:f}" for each in sorted(worths))
        notes.append(f"{name} is worth {said}, the lab {worth}: the grades are scaled.")
    return notes


def feedback(report: Report) -> str:
    """What a learner reads beside the grade: what did not pass, and what else counts.

    Moodle takes it for HTML, so it is escaped, and it is one line.
    """
    wrong = [
        f"{check.points} of {points(check.max_points)}: {check.title} {'; '.join(findings(check))}"
        for check in report.checks
        if check.outcome == "failed"
    ]
    blocked = sum(check.outcome == "blocked" for check in report.checks)
    unreached = [f"Checks that were not reached: {blocked}."] if blocked else []
    passed = ["All checks passed."] if report.passed else []
    said = [*passed, report.reason, *wrong, *unreached, *remarks(report)]
    line = " / ".join(" ".join(each.split()) for each in said if each)
    return OURS + safe_text(html.escape(line[:LONGEST], quote=False))
