"""Write the course's path, as `course.toml` has it, into the site's navigation: `make docs`.

What stands between the two comments of `mkdocs.yml` is made here; a test compares it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from packerlab.course import open_course

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packerlab.course import Course

ROOT = Path(__file__).parent.parent
CONFIG = ROOT / "mkdocs.yml"
BEGIN = "  # The path, made from course.toml by scripts/navigation.py:\n"
END = "  # Beside the path:\n"


def path(course: Course) -> Iterator[str]:
    """The lines of the navigation that lead from the first step to the last."""
    for chapter in course.outline.chapter:
        yield f"  - {chapter.title}:\n"
        for step in chapter.steps:
            page = course.lab(step).page if step in chapter.slugs else course.page(step)
            yield f"      - {page.relative_to(course.root / 'docs').as_posix()}\n"


def written(config: str) -> str:
    """The site's configuration with today's path in it."""
    before, _, rest = config.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "".join(path(open_course(ROOT))) + END + after


if __name__ == "__main__":
    CONFIG.write_text(written(CONFIG.read_text(encoding="utf-8")), encoding="utf-8")
