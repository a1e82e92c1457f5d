"""How far a team is: files that its members exported, which are read as anything handed in is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packerlab.errors import BadInputError, RejectedError
from packerlab.learning import progress
from packerlab.submissions.leftovers import is_leftover
from packerlab.submissions.reader import entries_of
from packerlab.text import visible
from packerlab.writers.team_table import Cell, Row, Step

if TYPE_CHECKING:
    from pathlib import Path

    from packerlab.course import Course
    from packerlab.learning.progress import Progress
    from packerlab.submissions.archives import Entry

SUFFIX = ".json"
MAX_BYTES = 256_000
"""Of one file: a course of a thousand labs takes less."""


class Team(NamedTuple):
    """The members in the order of their names; `refused` says why a file is none of a member's."""

    steps: list[Step]
    rows: list[Row]
    refused: dict[str, str]


def read_team(folder: Path, course: Course) -> Team:
    """The members whose exported files lie in a folder: a file's name is a member's."""
    if not folder.is_dir():
        raise BadInputError(f"{folder} is no folder: put the exported files into one.")
    try:
        entries = sorted(entries_of(folder), key=lambda entry: entry.name.casefold())
    except RejectedError as error:
        raise BadInputError(f"{folder}: {error}") from None
    rows = []
    refused = {}
    for entry in entries:
        if "/" in entry.name or not entry.name.endswith(SUFFIX) or is_leftover(entry.name):
            continue
        try:
            found = _progress(entry)
        except (BadInputError, RejectedError) as error:
            refused[visible(entry.name)] = str(error)
        else:
            cells = [_cell(found, slug) for slug in course.slugs]
            rows.append(Row(visible(entry.name.removesuffix(SUFFIX)), cells))
    if not (rows or refused):
        raise BadInputError(
            f"{folder} has no exported progress: each member's is a file that "
            "`packerlab progress --export NAME.json` writes."
        )
    return Team(_steps(course), rows, refused)


def _progress(entry: Entry) -> Progress:
    if entry.kind:
        raise RejectedError(f"it is a {entry.kind}, no file of its own.")
    if entry.size > MAX_BYTES:
        raise RejectedError(f"it has more than {MAX_BYTES} bytes.")
    return progress.decode(entry.read(MAX_BYTES))


def _steps(course: Course) -> list[Step]:
    return [
        Step(slug, course.lab(slug).title, chapter.title)
        for chapter in course.outline.chapter
        for slug in chapter.slugs
    ]


def _cell(found: Progress, slug: str) -> Cell:
    record = found.labs.get(slug)
    if record is None:
        return Cell("open")
    state = "passed" if record.passed else "started" if record.begun else "open"
    return Cell(state, record.score, record.begun, record.passed)
