"""Reports in other forms: pure functions, one row each in a literal table.

They take one report for each learner and lab, in the order in which these are to stand, and may go
through them more than once. Some make one file, and some the files of a folder by their names. A
filler also takes a file of a learning platform's, and gives it back with the scores in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.writers.canvas import fill_canvas
from packerlab.writers.classroom50 import write_classroom50
from packerlab.writers.csv_rows import write_csv
from packerlab.writers.gradescope import write_gradescope
from packerlab.writers.html_page import write_html
from packerlab.writers.json_array import write_json
from packerlab.writers.junit import write_junit
from packerlab.writers.learner_pages import write_pages
from packerlab.writers.moodle import fill_moodle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from packerlab.report import Report
    from packerlab.writers.filling import Filled, Filling

    Writer = Callable[[Iterable[Report]], Iterator[bytes]]
    Filler = Callable[[Iterable[Report], Filling], Filled]
    FolderWriter = Callable[[Iterable[Report]], Iterator[tuple[str, bytes]]]

WRITERS: dict[str, Writer] = {
    "html": write_html,
    "csv": write_csv,
    "json": write_json,
    "junit": write_junit,
    "gradescope": write_gradescope,
    "classroom50": write_classroom50,
}
FILLERS: dict[str, Filler] = {
    "canvas": fill_canvas,
    "moodle": fill_moodle,
}
FOLDERS: dict[str, FolderWriter] = {
    "pages": write_pages,
}
