"""Write the head of each lab's page, its title and a line of facts, from `lab.toml`: `make docs`.

A test says that the pages are up to date.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from packerlab.course import open_course

if TYPE_CHECKING:
    from packerlab.course import Course
    from packerlab.lab import Lab

ROOT = Path(__file__).parent.parent
HEAD = re.compile(r"\A# .*\n\n(?:.*\n\{ \.facts \}\n\n)?")
NEEDS = {  # what a learner has to have, or reads about first
    "packer": "runs anywhere",
    "account": "[simulated account](../concepts/simulated_account.md)",
    "containers": "container engine",
}
TRIED = "Packer 1.6.6 and 1.16.0"


def head(course: Course, lab: Lab) -> str:
    """The title, and what a learner wants to know before starting."""
    after = [f"after [{course.lab(slug).number}]({link(course, lab, slug)})"
             for slug in lab.manifest.after]  # fmt: skip
    needs = [NEEDS[need] for need in lab.manifest.needs if need != "packer"] or [NEEDS["packer"]]
    facts = [lab.track.capitalize(), f"{lab.manifest.minutes} minutes", *after, *needs, TRIED]
    return f"# {lab.title}\n\n{' · '.join(facts)}\n{{ .facts }}\n\n"


def link(course: Course, lab: Lab, slug: str) -> str:
    other = course.lab(slug)
    return f"{slug}.md" if other.track == lab.track else f"../{other.track}/{slug}.md"


def written(course: Course, lab: Lab) -> str:
    """The lab's page with today's head."""
    text = lab.page.read_text(encoding="utf-8")
    return head(course, lab) + HEAD.sub("", text)


if __name__ == "__main__":
    whole = open_course(ROOT)
    for each in whole.labs():
        each.page.write_text(written(whole, each), encoding="utf-8")
