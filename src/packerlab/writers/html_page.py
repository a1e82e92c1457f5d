"""Reports as one HTML file for people: no scripts, nothing fetched; to read, print or mail."""

from __future__ import annotations

from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from packerlab.report import VERDICTS, person
from packerlab.text import clean
from packerlab.writers.summary import brief, doubted, most_needing, not_understood, summarise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packerlab.report import Report

SIGNS = {
    "passed": "\N{CHECK MARK}",
    "failed": "\N{BALLOT X}",
    "blocked": "\N{EN DASH}",
    "incapable": "?",
    "rejected": "\N{CIRCLED DIVISION SLASH}",
    "timeout": "\N{WHITE CIRCLE WITH UPPER RIGHT QUADRANT}",
    "limit": "\N{UPWARDS ARROW TO BAR}",
    "incomplete": "?",
    "fault": "!",
}
"""Beside the word, so that no outcome is shown by colour alone."""
LONGEST_SHOWN = 400
"""Characters of one learner's text; the whole is in the gradebook."""


def write_html(reports: Iterable[Report]) -> Iterator[bytes]:
    """Where to look first, the class at a glance, then each lab: its marks, checks and learners.

    It goes through the reports twice: to count them, and to show them one at a time.
    """
    again = iter(reports)
    if again is reports:
        raise TypeError("the reports can be gone through only once")
    labs = summarise(reports)
    stream = (
        environment()
        .get_template("report.html")
        .stream(
            labs=labs,
            needs=most_needing(labs),
            not_understood=not_understood(labs),
            doubted=doubted(labs),
            reports_of=lambda lab: islice(again, lab.submissions),
        )
    )
    stream.enable_buffering(1_000)
    for part in stream:
        yield part.encode()


def environment() -> Environment:
    """The templates beside this file; every text in them is cleaned and escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["brief"] = partial(brief, longest=LONGEST_SHOWN)
    environment.globals.update(verdicts=VERDICTS, signs=SIGNS, learner=person)
    return environment


def _shown(value: Any) -> Any:
    """What every expression of the template passes through, before it is escaped."""
    return clean(value) if type(value) is str else value
