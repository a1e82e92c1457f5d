"""Scores filled into the gradebook that an instructor exported from Canvas.

Canvas takes an unknown column for a new assignment, so nothing is added: a column is found, or not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.errors import BadInputError
from packerlab.text import visible
from packerlab.writers.filling import Filled, by_lab, column_for, one_lab, scaled, several
from packerlab.writers.people import Keys, People, names_of, who
from packerlab.writers.sheet import read_sheet

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packerlab.report import Report
    from packerlab.writers.filling import Filling
    from packerlab.writers.sheet import Sheet

FIXED = (
    "student",
    "id",
    "sis user id",
    "sis login id",
    "integration id",
    "root account",
    "section",
    "notes",
)
"""The columns that are no assignments."""
POSSIBLE = "Points Possible"
EXCUSED = "EX"


def fill_canvas(reports: Iterable[Report], filling: Filling) -> Filled:
    """Fill the column of each lab that has one."""
    sheet = read_sheet(filling.data, filling.name)
    if sheet.place("student") is None or sheet.place("id") is None:
        raise BadInputError(
            f"{filling.name} is not a gradebook of Canvas: the first row has no `Student` and `ID`."
        )
    labs, notes = by_lab(reports)
    if filling.column is not None:
        one_lab(labs, "--column is one lab's")
    people = People(_rows(sheet), filling.name, filling.known_as)
    for lab, own in labs.items():
        try:
            column = _column(sheet, lab, filling)
        except BadInputError as error:
            if len(labs) == 1:
                raise
            notes.append(f"{lab} is left out: {error}")
        else:
            notes += _fill(sheet, column, people, own)
    return Filled(sheet.encode(), notes)


def _rows(sheet: Sheet) -> dict[int, Keys]:
    """Whom each row is about: rows without an id are about the columns."""
    columns = ("id", "sis user id", "sis login id", "student")
    places = [sheet.place(name) for name in columns]
    rows = {}
    for number, row in enumerate(sheet.rows[1:], 1):
        own, sis, login, student = (row.text(place) for place in places)
        if own.strip():
            rows[number] = Keys(own.strip(), sis, login, names_of(student))
    return rows


def _column(sheet: Sheet, lab: str, filling: Filling) -> int:
    possible = _possible(sheet)
    columns = {
        place: name
        for place, name in enumerate(sheet.header)
        if name.casefold() not in FIXED and "read only" not in possible.get(place, "").casefold()
    }
    # The id in parentheses that ends a name could have a lab's number in it.
    names = {place: name.rpartition(" (")[0] or name for place, name in columns.items()}
    named = names if filling.column is None else columns
    found = column_for(named, lab, filling.titles.get(lab, ""), filling.column)
    if len(found) == 1:
        return found[0]
    if found:
        raise several((columns[place] for place in found), filling.name)
    listed = ", ".join(f"`{visible(name)}`" for name in columns.values())
    raise BadInputError(
        f"{filling.name} has no column for {visible(filling.column or lab)}: name one with "
        f"--column. There are: {listed or 'none'}."
    )


def _possible(sheet: Sheet) -> dict[int, str]:
    """The cells of the row that says how many points each column is worth."""
    for row in sheet.rows[1:4]:
        if row.text(0).strip().casefold() == POSSIBLE.casefold():
            return {place: row.text(place) for place in range(len(row.cells))}
    return {}


def _fill(sheet: Sheet, column: int, people: People, reports: list[Report]) -> list[str]:
    """Put the scores into one column; what there is to say of it."""
    name = f"`{visible(sheet.header[column])}`"
    possible = sheet.number(_possible(sheet).get(column, ""))
    rows, notes = people.match(reports)
    filled = 0
    for row, report in rows.items():
        before = sheet.rows[row].text(column).strip()
        if report.mark is None:
            continue
        if before.casefold() == EXCUSED.casefold():
            notes.append(f"{who(report)} is excused in {name}: left as it is.")
            continue
        score = scaled(report.mark, report.max_score, possible)
        if sheet.number(before) not in (None, score):
            notes.append(f"{who(report)} had {visible(before)} in {name}, now {score:f}.")
        sheet.put(row, column, sheet.written(score))
        filled += 1
    notes.append(f"{name}: {filled} filled, of {len(reports)} in the gradebook.")
    worth = max((report.max_score for report in reports), default=0)
    if not possible:
        notes.append(f"{name} has no {POSSIBLE}: the scores are of {worth}.")
    elif possible != worth:
        notes.append(f"{name} is worth {possible:f}, the lab {worth}: the scores are scaled.")
    return notes
