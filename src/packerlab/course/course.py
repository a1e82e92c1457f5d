"""A course: a root with `labs/`, `graders/` and `docs/`, ours or a team's own."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from packerlab.course.outline import load_outline
from packerlab.course.rules import FILE, read_rules
from packerlab.errors import BadInputError
from packerlab.lab import digest_files, load_lab
from packerlab.policy import Policy

if TYPE_CHECKING:
    from packerlab.course.outline import Outline
    from packerlab.lab import Lab

PACKAGE = Path(__file__).parent.parent
OURS = "our_course"
"""The folder of the wheel that our own course is in."""


def default_root() -> Path:
    """Where our own course lies: in the wheel, or around a checkout's `src/`."""
    packaged = PACKAGE / OURS
    return packaged if packaged.is_dir() else PACKAGE.parent.parent


@dataclass(frozen=True)
class Course:
    """A folder of labs, with their graders and pages; `given` is a class's own policy."""

    root: Path
    given: Policy | None = None

    @cached_property
    def slugs(self) -> list[str]:
        """The labs' slugs in the order of the course."""
        return [slug for chapter in self.outline.chapter for slug in chapter.slugs]

    @cached_property
    def outline(self) -> Outline:
        """The chapters of the course, with their pages, labs and quizzes in order."""
        return load_outline(self.root)

    def labs(self) -> list[Lab]:
        """All labs, in the order of the course."""
        return [load_lab(self.root, slug, self.secret, self.policy) for slug in self.slugs]

    def lab(self, name: str) -> Lab:
        """Find a lab by its slug, its number, or its slug without the number."""
        if lab := self.find(name):
            return lab
        raise BadInputError(f"There is no lab `{name}`: `packerlab labs` lists them.")

    def find(self, name: str) -> Lab | None:
        """The same, and None where there is no such lab."""
        for slug in self.slugs:
            if name in (slug, slug[:3], slug[4:]):
                return load_lab(self.root, slug, self.secret, self.policy)
        return None

    def page(self, name: str) -> Path:
        """The file of a page, which is named by its path below `docs/` without `.md`."""
        return self.root / "docs" / f"{name}.md"

    @cached_property
    def policy(self) -> Policy:
        """A team's rules for images: the class's that is graded, else those of the course."""
        if self.given is not None:
            return self.given
        own = self.root / FILE
        return read_rules(own).rules.policy if own.is_file() else Policy()

    def under(self, policy: Policy) -> Course:
        """The same course for a class that has rules of its own."""
        return replace(self, given=policy)

    @cached_property
    def secret(self) -> bytes:
        """What hidden inputs are derived from; empty where the course has no `secret` file."""
        try:
            return (self.root / "secret").read_bytes()
        except FileNotFoundError:
            return b""


def open_course(path: Path | None) -> Course:
    """The course at `path`, else the one that PACKERLAB_COURSE names, else ours."""
    root = path or Path(os.environ.get("PACKERLAB_COURSE") or default_root())
    if not (root / "labs").is_dir():
        raise BadInputError(f"{root} is not a course: it has no labs/ folder.")
    return Course(root.resolve())


def engine_digest() -> str:
    """Over our own sources, the same from a wheel and from a checkout."""
    files = [
        file
        for file in PACKAGE.rglob("*")
        if file.suffix in (".py", ".html", ".ini") and OURS not in file.relative_to(PACKAGE).parts
    ]
    return digest_files(PACKAGE, files)
