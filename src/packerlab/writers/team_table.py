"""How far a team is, as HTML for people and as CSV for spreadsheets: one row for each member."""

from __future__ import annotations

import csv
import io
from typing import NamedTuple

from packerlab.writers.csv_rows import safe_text
from packerlab.writers.html_page import environment

SIGNS = {
    "passed": "\N{CHECK MARK}",
    "started": "\N{HORIZONTAL ELLIPSIS}",
    "open": "\N{WHITE CIRCLE}",
}
"""Beside the word, so that no state is shown by colour alone."""
HEADER = ("member", "lab", "title", "state", "score", "started", "passed")


class Step(NamedTuple):
    """A lab of the course, as a column."""

    slug: str
    title: str
    chapter: str


class Cell(NamedTuple):
    """How far a member is with a lab: passed, started or open, and the days of that."""

    state: str
    score: int = 0
    started: str = ""
    passed: str = ""


class Row(NamedTuple):
    """A member, with a cell for each step."""

    name: str
    cells: list[Cell]

    def of(self, places: list[int]) -> list[Cell]:
        """The cells of some steps."""
        return [self.cells[place] for place in places]

    def passed_in(self, places: list[int]) -> int:
        return sum(cell.state == "passed" for cell in self.of(places))


def team_html(steps: list[Step], rows: list[Row], refused: dict[str, str]) -> str:
    """One file to read, print or mail: no script, and nothing is fetched."""
    chapters = by_chapter(steps)
    template = environment().get_template("team.html")
    return template.render(steps=steps, chapters=chapters, rows=rows, refused=refused, states=SIGNS)


def by_chapter(steps: list[Step]) -> dict[str, list[int]]:
    """The chapters, each with the places of its steps."""
    chapters: dict[str, list[int]] = {}
    for place, step in enumerate(steps):
        chapters.setdefault(step.chapter, []).append(place)
    return chapters


def team_csv(steps: list[Step], rows: list[Row]) -> str:
    """A line for each member and lab, with CRLF; no cell is taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADER)
    for row in rows:
        for step, cell in zip(steps, row.cells, strict=True):
            texts = (row.name, step.slug, step.title, cell.state)
            days = (cell.started, cell.passed)
            writer.writerow((*map(safe_text, texts), cell.score, *map(safe_text, days)))
    return out.getvalue()
