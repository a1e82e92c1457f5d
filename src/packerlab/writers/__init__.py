"""Reports in other forms: pure functions, one row each in a literal table.

They take one report for each learner and lab, in the order in which these are to stand, and may go
through them more than once. Some make one file, and some the files of a folder by their names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.writers.csv_rows import write_csv
from packerlab.writers.html_page import write_html
from packerlab.writers.json_array import write_json
from packerlab.writers.learner_pages import write_pages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from packerlab.report import Report

    Writer = Callable[[Iterable[Report]], Iterator[bytes]]
    FolderWriter = Callable[[Iterable[Report]], Iterator[tuple[str, bytes]]]

WRITERS: dict[str, Writer] = {
    "html": write_html,
    "csv": write_csv,
    "json": write_json,
}
FOLDERS: dict[str, FolderWriter] = {
    "pages": write_pages,
}
