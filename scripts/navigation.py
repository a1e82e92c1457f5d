"""Write the course's path, as `course.toml` has it, into the site: `make docs`.

What stands between two comments, in the navigation of `mkdocs.yml` and on the start page, is made
here; a test compares it.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from packerlab.course import open_course
from packerlab.course.pages import headings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packerlab.course import Course

ROOT = Path(__file__).parent.parent
CONFIG = ROOT / "mkdocs.yml"
START = ROOT / "docs" / "index.md"
MARKS = {
    CONFIG: ("  # The path, made from course.toml:\n", "  # Beside it:\n"),
    START: (
        "<!-- The map, made from course.toml: -->\n",
        "<!-- End. -->\n",
    ),
}


def file_of(course: Course, step: str) -> Path:
    return course.lab(step).page if step in course.slugs else course.page(step)


def icon(course: Course, step: str) -> str:
    """What kind of a step it is, at a glance."""
    if step in course.slugs:
        return ":material-flask-outline:"
    return f":material-{'help-circle' if step.startswith('quizzes/') else 'book-open'}-outline:"


def navigation(course: Course) -> Iterator[str]:
    """The lines of the navigation, from the first step to the last: a tab for each level."""
    for level, chapters in groupby(course.outline.chapter, key=lambda chapter: chapter.level):
        yield f"  - {level.capitalize()}:\n"
        for chapter in chapters:
            yield f"      - {chapter.title}:\n"
            for step in chapter.steps:
                page = file_of(course, step).relative_to(course.root / "docs")
                yield f"          - {page.as_posix()}\n"


def map_of(course: Course) -> Iterator[str]:
    """The map: a section for each chapter, with its steps in order and how long its labs take."""
    yield '\n<div class="map" markdown>\n'
    for chapter in course.outline.chapter:
        minutes = sum(course.lab(slug).manifest.minutes for slug in chapter.slugs)
        yield f"\n<section markdown>\n\n### {chapter.title}\n\n"
        length = f"{minutes} minutes of labs" if minutes else "to read"
        yield f"**{chapter.level.capitalize()} · {length}**<br>\n"
        yield f"{chapter.about}\n\n"
        for step in chapter.steps:
            file = file_of(course, step)
            title = next(headings(file.read_text(encoding="utf-8"))).text
            page = file.relative_to(course.root / "docs").as_posix()
            yield f"1. {icon(course, step)} [{title}]({page}){time(course, step)}\n"
        yield "\n</section>\n"
    yield "\n</div>\n\n"


def time(course: Course, step: str) -> str:
    """How long a lab takes; nobody reads a page against the clock."""
    is_lab = step in course.slugs
    return f" <small>{course.lab(step).manifest.minutes} min</small>" if is_lab else ""


def written(file: Path) -> str:
    """The file with today's path in it."""
    course = open_course(ROOT)
    made = "".join(navigation(course) if file == CONFIG else map_of(course))
    begin, end = MARKS[file]
    before, _, rest = file.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(end)
    return before + begin + made + end + after


if __name__ == "__main__":
    for each in MARKS:
        each.write_text(written(each), encoding="utf-8")
