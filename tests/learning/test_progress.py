"""A learner's progress: a plain file that nothing loses."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import msgspec
import pytest

from packerlab.course import Course, default_root
from packerlab.errors import BadInputError
from packerlab.learning import progress
from packerlab.report import Check, conclude
from tests.toy import COURSE

if TYPE_CHECKING:
    from pathlib import Path

    from packerlab.report import Outcome, Report

LAB = COURSE.lab("101")


def report(score: int) -> Report:
    outcome: Outcome = "passed" if score == 10 else "failed"
    checks = [Check("test_it", "It is.", outcome, score, 10)]
    return conclude(LAB.slug, checks, "graded", "")


def now() -> progress.Progress:
    return progress.read(progress.file_of(COURSE))


def test_nothing_is_there_at_first() -> None:
    assert now() == progress.Progress()
    assert progress.next_step(COURSE, now()) == f"Next: packerlab start {COURSE.slugs[0]}"


def test_begun_then_passed_then_next(tmp_path: Path) -> None:
    progress.begin(COURSE, LAB, tmp_path)
    assert now().last == LAB.slug
    assert progress.next_step(COURSE, now()) == f"Next: packerlab watch {tmp_path}"
    assert not progress.note(COURSE, LAB, tmp_path, report(4))
    assert now().of(LAB).score == 4
    assert progress.note(COURSE, LAB, tmp_path, report(10))
    assert not progress.note(COURSE, LAB, tmp_path, report(10))
    assert now().passed(LAB.slug)
    assert progress.next_step(COURSE, now()) == f"Next: packerlab start {COURSE.slugs[1]}"


@pytest.mark.parametrize(
    ("passed", "following"),
    [
        (["201_environments"], "202_many_sources"),
        (["101_first_build", "105_first_ami"], "152_ssh_never_comes"),  # the others build on 103
        (["101_first_build", "390_capstone"], "102_toolbelt"),
        (["390_capstone", "101_first_build"], "102_toolbelt"),
        (["103_variables"], "151_one_file"),
    ],
)
def test_the_next_lab_follows_the_last(tmp_path: Path, passed: list[str], following: str) -> None:
    course = Course(default_root())
    for slug in passed:
        progress.note(course, course.lab(slug), tmp_path, report(10))
    found = progress.read(progress.file_of(course))
    assert progress.next_step(course, found) == f"Next: packerlab start {following}"


def test_what_was_passed_stays_passed(tmp_path: Path) -> None:
    progress.note(COURSE, LAB, tmp_path, report(10))
    progress.note(COURSE, LAB, tmp_path, report(0))
    assert now().passed(LAB.slug)


def test_after_the_last_lab(tmp_path: Path) -> None:
    for lab in COURSE.labs():
        progress.note(COURSE, lab, tmp_path, report(10))
    assert progress.next_step(COURSE, now()) == "You have passed every lab."


def test_hints_grow_up_to_the_last() -> None:
    check = Check("test_it", "It is.", "failed", 0, 1, hints=["a", "b", "c"])
    assert [progress.next_hint(COURSE, LAB, check) for _ in range(4)] == [2, 3, 3, 3]


def test_every_course_has_a_file_of_its_own() -> None:
    ours = Course(default_root().resolve())
    assert progress.file_of(ours).name == "progress.json"
    assert progress.file_of(COURSE).name != "progress.json"


def test_a_later_version_may_add_keys(tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    path.write_text('{"format": 1, "new": 1, "labs": {"101_x": {"passed": "2026-01-31", "n": 2}}}')
    assert progress.read(path).passed("101_x")


@pytest.mark.parametrize("data", [b"", b"{", b'{"format": 2}', b'{"labs": []}', b"\xff"])
def test_what_is_no_record_is_said_and_kept(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "progress.json"
    path.write_bytes(data)
    with pytest.raises(BadInputError, match="progress --import"):
        progress.read(path)
    assert path.read_bytes() == data


def test_two_commands_at_once_lose_nothing() -> None:
    checks = [Check(f"test_{n}", "", "failed", 0, 1, hints=["a", "b"]) for n in range(20)]
    threads = [
        threading.Thread(target=progress.next_hint, args=(COURSE, LAB, check)) for check in checks
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(now().of(LAB).hints) == 20


def test_the_file_is_plain(tmp_path: Path) -> None:
    progress.begin(COURSE, LAB, tmp_path)
    saved = msgspec.json.decode(progress.file_of(COURSE).read_bytes())
    assert saved["labs"][LAB.slug]["folder"] == str(tmp_path)
