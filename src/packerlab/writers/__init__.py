"""Reports in other forms: pure functions, one row each in a literal table.

They take one report for each learner and lab, in the order in which these are to stand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.writers.csv_rows import write_csv
from packerlab.writers.html_page import write_html
from packerlab.writers.json_array import write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from packerlab.report import Report

    Writer = Callable[[Iterable[Report]], Iterator[bytes]]

WRITERS: dict[str, Writer] = {
    "html": write_html,
    "csv": write_csv,
    "json": write_json,
}
