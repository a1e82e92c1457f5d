"""What is recorded of a course's proof, and when it holds no longer."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from packerlab.course import Course
from packerlab.errors import BadInputError
from packerlab.proving.proofs import (
    Mutants,
    Proven,
    file_of,
    forget,
    mutants,
    note,
    note_mutants,
    proven,
)
from tests.toy import ROOT

if TYPE_CHECKING:
    from pathlib import Path

HERE = Proven("bubblewrap", "1.6.6", gradings=49, seconds=60, margin=12)
SLUG = "101_message"


@pytest.fixture
def course(tmp_path: Path) -> Course:
    for folder in ("labs", "graders"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copytree(tmp_path / "labs" / SLUG / "starter", tmp_path / "labs" / SLUG / "solution")
    return Course(tmp_path)


def test_what_was_proven_in_each_place_is_kept(course: Course) -> None:
    assert proven(course, course.lab("101")) == []
    new = Proven("bubblewrap", "1.16.0", gradings=49, seconds=70, margin=11)
    for each in (new, HERE):
        note(course, course.lab("101"), each)
    assert proven(course, course.lab("101")) == [new, HERE]
    assert proven(course, course.lab("102")) == []


@pytest.mark.parametrize(
    "name",
    [
        "labs/101_message/lab.toml",
        "labs/101_message/solution/main.pkr.hcl",
        "labs/101_message/starter/main.pkr.hcl",
        "labs/101_message/variants/reject.toml",
        "graders/test_101_message.py",
    ],
)
def test_a_lab_that_changed_is_proven_no_longer(course: Course, name: str) -> None:
    note(course, course.lab("101"), HERE)
    file = course.root / name
    file.parent.mkdir(exist_ok=True)
    with file.open("a") as stream:
        stream.write("# changed\n")
    assert proven(course, course.lab("101")) == []
    docker = Proven("docker", "1.6.6", gradings=49, seconds=70, margin=11)
    note(course, course.lab("101"), docker)
    assert proven(course, course.lab("101")) == [docker]


def test_a_program_or_a_link_among_the_answers_counts_too(course: Course) -> None:
    template = course.lab("101").solution / "main.pkr.hcl"
    (link := template.with_name("link")).symlink_to("one")
    note(course, course.lab("101"), HERE)
    template.chmod(0o755)
    assert proven(course, course.lab("101")) == []
    template.chmod(0o644)
    assert proven(course, course.lab("101")) == [HERE]
    link.unlink()
    link.symlink_to("other")
    assert proven(course, course.lab("101")) == []


def test_a_better_sentence_needs_no_new_proof(course: Course) -> None:
    note(course, course.lab("101"), HERE)
    for name in ("README.md", "DEBRIEF.md"):
        (course.root / "labs" / SLUG / name).write_text("Another task.")
    assert proven(course, course.lab("101")) == [HERE]


@pytest.mark.parametrize(
    ("seconds", "margin", "recorded"),
    [
        (31, 7, (60, 12)),
        (119, 23, (60, 12)),
        (29, 12, (29, 12)),
        (60, 25, (60, 25)),
        (60, 5, (60, 5)),
    ],
)
def test_figures_that_are_no_news_leave_the_record_as_it_is(
    course: Course, seconds: int, margin: int, recorded: tuple[int, int]
) -> None:
    note(course, course.lab("101"), HERE)
    before = file_of(course).read_bytes()
    note(course, course.lab("101"), Proven("bubblewrap", "1.6.6", 49, seconds, margin))
    (each,) = proven(course, course.lab("101"))
    assert (each.seconds, each.margin) == recorded
    assert (file_of(course).read_bytes() == before) == (recorded == (60, 12))


def test_a_lab_that_does_not_hold_or_is_gone_has_no_record(course: Course) -> None:
    for slug in ("101", "102"):
        note(course, course.lab(slug), HERE)
    forget(course, course.lab("101"))
    assert proven(course, course.lab("101")) == []
    assert proven(course, course.lab("102")) == [HERE]
    shutil.rmtree(course.lab("102").path)
    again = Course(course.root)
    note(again, again.lab("103"), HERE)
    assert b"102" not in file_of(course).read_bytes()


@pytest.mark.parametrize("text", ["", "[]", '{"format": 2, "labs": {}}', '{"labs": {"a": 1}}'])
def test_another_file_of_that_name_is_bad_input(course: Course, text: str) -> None:
    file_of(course).write_text(text)
    with pytest.raises(BadInputError, match=r"proof\.json is no record of proofs: .+ Remove it\."):
        note(course, course.lab("101"), HERE)


def test_what_became_of_the_mutants_is_kept_beside(course: Course) -> None:
    lab = course.lab("101")
    assert mutants(course, lab) is None
    note(course, lab, HERE)
    note_mutants(course, lab, Mutants(made=9, killed=7, equivalent=2))
    note(course, lab, HERE)
    assert mutants(course, lab) == Mutants(9, 7, 2)
    assert proven(course, lab) == [HERE]
    table = lab.path / "variants" / "equivalent.toml"
    table.parent.mkdir(exist_ok=True)
    table.write_text("# another reason\n")
    assert mutants(course, lab) is None
    assert proven(course, lab) == [HERE], "no grading depends on it"
    table.unlink()
    with lab.grader.open("a") as stream:
        stream.write("# changed\n")
    assert mutants(course, course.lab("101")) is None
