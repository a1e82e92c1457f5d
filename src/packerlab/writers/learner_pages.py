"""A page for each learner to hand out, with nothing of anybody else, and one that lists them."""

from __future__ import annotations

import re
from hashlib import sha256
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, NamedTuple

from packerlab.report import decode, encode, person
from packerlab.writers.html_page import environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packerlab.report import Report

INDEX = "index.html"
FOLDER = "learners"
"""Where the pages lie that are handed out: apart from the one that has everybody's name."""

MEANINGS = {
    "passed": "Every check holds.",
    "failed": "Some checks don't hold yet. The others keep their points.",
    "rejected": "The work was not built, and gets no points.",
    "timeout": "The build took too long and was stopped. Checks that had ended keep their points.",
    "limit": "The build hit a limit and was stopped. Checks that had ended keep their points.",
    "incomplete": "Not every check could be judged, so there is no score yet. Your instructor will "
    "grade it again.",
    "fault": "Grading broke, so there is no score yet. Your instructor will grade it again.",
}
"""What each verdict means to the learner."""

_KEY = re.compile(r"[A-Za-z0-9_%-][A-Za-z0-9._%-]{0,199}")


class Row(NamedTuple):
    """A learner in the index, with the file of the page.

    `left` are the labs that were not passed, with their verdicts.
    """

    file: str
    name: str
    passed: int
    marks: int
    points: int
    left: list[tuple[str, str]]


def write_pages(reports: Iterable[Report]) -> Iterator[tuple[str, bytes]]:
    """Files by their names: each learner's page, in the order of their keys, and the index."""
    templates = environment()
    page = templates.get_template("learner.html")
    rows = []
    for key, own in _by_learner(reports):
        text = page.render(name=person(own[0]), reports=own, meanings=MEANINGS)
        yield f"{FOLDER}/{_safe(key)}.html", text.encode()
        rows.append(_row(key, own))
    rows.sort(key=lambda row: (row.name.casefold(), row.file))
    text = templates.get_template("learners.html").render(rows=rows, folder=FOLDER)
    yield INDEX, text.encode()


def _by_learner(reports: Iterable[Report]) -> Iterator[tuple[str, list[Report]]]:
    """The reports of one learner at a time, though they come by lab.

    They wait in a file, so that only their places need memory.
    """
    places: dict[str, list[tuple[int, int]]] = {}
    with TemporaryFile() as waiting:
        for report in reports:
            data = encode(report)
            places.setdefault(report.run.learner, []).append((waiting.tell(), len(data)))
            waiting.write(data)
        for key, own in sorted(places.items()):
            yield key, [decode(_part(waiting, *place)) for place in own]


def _part(file: IO[bytes], begin: int, size: int) -> bytes:
    file.seek(begin)
    return file.read(size)


def _safe(key: str) -> str:
    """A learner's key as a file name; one that is none of ours, or too long, becomes a digest."""
    return (
        key
        if _KEY.fullmatch(key)
        else f"~{sha256(key.encode(errors='surrogatepass')).hexdigest()[:32]}"
    )


def _row(key: str, reports: list[Report]) -> Row:
    return Row(
        file=f"{FOLDER}/{_safe(key)}.html",
        name=person(reports[0]),
        passed=sum(report.passed for report in reports),
        marks=sum(report.mark or 0 for report in reports),
        points=sum(report.max_score for report in reports),
        left=[(report.lab, report.verdict) for report in reports if not report.passed],
    )
