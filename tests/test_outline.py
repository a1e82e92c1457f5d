"""`course.toml`: the order of a course, and what is wrong with one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from packerlab.course import default_root
from packerlab.course.outline import Chapter, Outline, load_outline, misplaced
from packerlab.errors import BadInputError
from packerlab.lab import load_toml

if TYPE_CHECKING:
    from pathlib import Path

TOML = """\
format = 1
title = "A course"

[[chapter]]
title = "Start here"
level = "beginner"
steps = ["concepts/why", "102_second", "101_first"]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for slug in ("101_first", "102_second", "201_third", "901_last", "no lab"):
        (tmp_path / "labs" / slug).mkdir(parents=True)
    (tmp_path / "docs/concepts").mkdir(parents=True)
    (tmp_path / "docs/concepts/why.md").write_text("# Why\n")
    return tmp_path


def test_without_a_file_the_listing_is_the_order(root: Path) -> None:
    assert load_outline(root).chapter == [
        Chapter("Labs: beginner", "beginner", ["101_first", "102_second"]),
        Chapter("Labs: intermediate", "intermediate", ["201_third"]),
        Chapter("Labs: production", "production", ["901_last"]),
    ]


def test_the_file_s_order_comes_first(root: Path) -> None:
    (root / "course.toml").write_text(TOML)
    outline = load_outline(root)
    assert list(outline.steps()) == [
        "concepts/why",
        "102_second",
        "101_first",
        "201_third",
        "901_last",
    ]
    assert outline.chapter[0].slugs == ["102_second", "101_first"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"101_first"', '"102_second"', "the step `102_second` comes twice"),
        ('"101_first"', '"103_none"', "`103_none` is neither a lab nor a page of docs/"),
        ("concepts/why", "concepts/whom", "`concepts/whom` is neither a lab nor a page"),
        ("title = ", "titel = ", "unknown field `titel`"),
        ("format = 1", "format = 2", "key `format`"),
        ("steps = [", "steps = ", "not valid TOML"),
    ],
)
def test_a_mistake_names_the_file_and_what(root: Path, old: str, new: str, words: str) -> None:
    (root / "course.toml").write_text(TOML.replace(old, new))
    with pytest.raises(BadInputError, match=words) as caught:
        load_outline(root)
    assert "course.toml" in str(caught.value)


def test_a_lab_comes_after_what_it_needs(root: Path) -> None:
    (root / "course.toml").write_text(TOML)
    outline = load_outline(root)
    assert list(misplaced(outline, "101_first", ["102_second"])) == []
    (early,) = misplaced(outline, "102_second", ["101_first"])
    assert early == "course.toml has it before `101_first`, which it needs by `after`"
    (unknown,) = misplaced(outline, "101_first", ["109_none"])
    assert "`after` names `109_none`" in unknown


def test_our_course_has_a_place_for_every_lab_and_learning_page() -> None:
    root = default_root()
    named = set(load_toml(root / "course.toml", Outline).steps())
    folders = ("concepts", "quizzes", "beginner", "intermediate")
    pages = {
        path.relative_to(root / "docs").with_suffix("").as_posix()
        for folder in folders
        for path in (root / "docs" / folder).glob("*.md")
    }
    labs = {path.name for path in (root / "labs").iterdir()}
    steps = {page.rpartition("/")[2] if page.rpartition("/")[2] in labs else page for page in pages}
    assert steps | labs | {"install", "notebooks"} == named
