"""What changed since a report was made: where nothing did, grading the work again says the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from packerlab.course import engine_digest

if TYPE_CHECKING:
    from packerlab.course import Course
    from packerlab.lab import Lab
    from packerlab.report import Report

WORDS = {
    "lab": "the lab",
    "grader": "the grader",
    "engine": "packerlab",
    "packer": "Packer",
    "policy": "the class's policy",
    "limits": "the lab's limits",
}
"""What a report is computed from besides the submission."""


class Today:
    """The course, packerlab and Packer as they are now; a `packer` of "" is not compared."""

    def __init__(self, course: Course, packer: str = "") -> None:
        self._labs: dict[str, Lab] = {lab.slug: lab for lab in course.labs()}
        self._engine = engine_digest()
        self.packer = packer

    def lab(self, slug: str) -> Lab | None:
        """The lab of this slug, if the course has it."""
        return self._labs.get(slug)

    def changed(self, report: Report) -> list[str]:
        """Which of WORDS are no longer what they were; nothing where the course lacks the lab."""
        lab, then = self.lab(report.lab), report.digests
        if lab is None:
            return []
        same = {
            "lab": then.lab == lab.digest,
            "grader": then.grader == lab.grader_digest,
            "engine": then.engine == self._engine,
            "packer": self.packer in ("", then.packer),
            "policy": then.policy == lab.policy_digest,
            "limits": report.run.limits == msgspec.structs.asdict(lab.limits),
        }
        return [name for name, is_same in same.items() if not is_same]
