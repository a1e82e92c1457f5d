"""Write the head of each lab's page, its title and a line of facts, from `lab.toml`: `make docs`.

A test says that the pages are up to date.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from packerlab.course import open_course
from packerlab.packer.versions import DEBIANS, version_of
from packerlab.proving import proofs

if TYPE_CHECKING:
    from packerlab.course import Course
    from packerlab.lab import Lab

ROOT = Path(__file__).parent.parent
HEAD = re.compile(r"\A# .*\n\n(?:.*\n\{ \.facts \}\n\n)?")
NEEDS = {  # what a learner has to have, or reads about first
    "packer": "runs anywhere",
    "account": "[simulated account](../concepts/simulated_account.md)",
    "containers": "container engine",
    "tools": "tools for scripts",
}


def head(course: Course, lab: Lab) -> str:
    """The title, and what a learner wants to know before starting."""
    after = [f"after [{course.lab(slug).number}]({link(course, lab, slug)})"
             for slug in lab.manifest.after]  # fmt: skip
    needs = [NEEDS[need] for need in lab.manifest.needs if need != "packer"] or [NEEDS["packer"]]
    facts = [lab.track.capitalize(), f"{lab.manifest.minutes} minutes", *after, *newer(lab), *needs,
             *proven(course, lab)]  # fmt: skip
    return f"# {lab.title}\n\n{' · '.join(facts)}\n{{ .facts }}\n\n"


def newer(lab: Lab) -> list[str]:
    """Which Packer a lab needs, where Debian's is too old for it."""
    wanted = lab.manifest.packer
    return [f"Packer {wanted.strip('>=')} or newer"] if version_of(wanted) > DEBIANS else []


def proven(course: Course, lab: Lab) -> list[str]:
    """Where the lab is proven, as `proof.json` has it; nothing for one that is not."""
    found = proofs.proven(course, lab)
    if not found:
        return []
    sandboxes = and_all(sorted({each.sandbox for each in found}))
    packers = and_all(sorted({each.packer for each in found}, key=version_of))
    gradings = max(each.gradings for each in found)
    share = proofs.mutants(course, lab)
    tried = [f"{share.killed} of {share.made} mutants killed, the rest equivalent"] if share else []
    return [f"proven by {gradings} gradings on {sandboxes} with Packer {packers}", *tried]


def and_all(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


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
