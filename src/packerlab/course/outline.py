"""`course.toml`: the one order of a course's pages, labs and quizzes."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import msgspec

from packerlab.errors import BadInputError
from packerlab.lab import SLUG, load_toml, track_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE = "course.toml"
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]


class Chapter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Steps that belong together. A step is a lab's slug, or a page below `docs/` without `.md`."""

    title: Text
    level: str
    steps: list[str]
    about: str = ""

    @property
    def slugs(self) -> list[str]:
        return [step for step in self.steps if SLUG.fullmatch(step)]


class Outline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A course from its first step to its last."""

    format: Annotated[int, msgspec.Meta(ge=1, le=1)]
    title: Text
    chapter: list[Chapter]

    def steps(self) -> Iterator[str]:
        """Every step in order."""
        for chapter in self.chapter:
            yield from chapter.steps


def load_outline(root: Path) -> Outline:
    """The outline of the course at `root`; without `course.toml`, its labs as they are listed."""
    slugs = _slugs(root)
    path = root / FILE
    outline = load_toml(path, Outline) if path.is_file() else Outline(1, root.name or "course", [])
    seen: set[str] = set()
    for step in outline.steps():
        if step in seen:
            raise BadInputError(f"{path}: the step `{step}` comes twice; each has one place.")
        if step not in slugs and not (root / "docs" / f"{step}.md").is_file():
            raise BadInputError(f"{path}: the step `{step}` is neither a lab nor a page of docs/.")
        seen.add(step)
    rest = [slug for slug in slugs if slug not in seen]
    return msgspec.structs.replace(outline, chapter=[*outline.chapter, *_by_level(rest)])


def _slugs(root: Path) -> list[str]:
    folders = (entry for entry in (root / "labs").iterdir() if entry.is_dir())
    return sorted(entry.name for entry in folders if SLUG.fullmatch(entry.name))


def _by_level(slugs: list[str]) -> Iterator[Chapter]:
    """What `course.toml` does not name yet, a chapter for each level."""
    for level, group in groupby(slugs, track_of):
        yield Chapter(f"Labs: {level}", level, list(group))


def misplaced(outline: Outline, slug: str, after: list[str]) -> Iterator[str]:
    """What is wrong with a lab's place in the course, given the labs that it comes after."""
    steps = list(outline.steps())
    for needed in after:
        if needed not in steps:
            yield f"lab.toml: `after` names `{needed}`, which is no lab of this course"
        elif steps.index(needed) > steps.index(slug):
            yield f"{FILE} has it before `{needed}`, which it needs by `after`"
