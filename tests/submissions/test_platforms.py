"""What platforms' names say, and that nobody can say it for somebody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from packerlab.classroom.units import units_of
from packerlab.course import Course
from packerlab.submissions.classes import handed_in
from packerlab.submissions.leftovers import MARKER
from packerlab.submissions.platforms import Said, export_of, repositories
from packerlab.submissions.reader import File
from packerlab.submissions.workspaces import find_workspaces
from tests.packing import write_tree, write_zip
from tests.submissions.test_classes import zipped

COURSE = Course(Path(__file__).parents[2])
WORK = {
    MARKER: File(b'format = 1\nlab = "101_first_build"\n'),
    "main.pkr.hcl": File(b"# a template\n"),
}
MOODLE = "Jane van Doe_1234567_assignsubmission_file"
CANVAS = "doejane_12345_678910_lab1-2.zip"
LATE = "doejane_LATE_12345_678910_lab1.zip"
BOARD = "HW_1_jdoe_attempt_2026-11-30-14-05-09"
OTHER = "HW_1_j_d_attempt_2026-11-30-14-05-09"
AT = "2026-11-30T14:05:09"


@pytest.mark.parametrize(
    ("names", "platform", "said"),
    [
        ([f"{MOODLE}_"], "Moodle", Said("1234567", "Jane van Doe", "")),
        ([MOODLE], "Moodle", Said("1234567", "Jane van Doe", "")),
        ([f"{MOODLE}_lab1.zip"], "Moodle", Said("1234567", "Jane van Doe", "lab1.zip")),
        (
            [f"{MOODLE}_a_99_assignsubmission_file_b.zip"],  # the rest is the learner's own
            "Moodle",
            Said("1234567", "Jane van Doe", "a_99_assignsubmission_file_b.zip"),
        ),
        ([CANVAS, LATE], "Canvas", Said("12345", "doejane", "lab1-2.zip")),
        ([LATE], "Canvas", Said("12345", "doejane", "lab1.zip", late=True)),
        (["doejane_12345_text.html", CANVAS], "Canvas", Said("12345", "doejane", "")),
        (["o_neil_LATE_12_34_a.zip"], "Canvas", Said("12", "o_neil", "a.zip", late=True)),
        (["LATE_anon_aB3dE_34_a.zip"], "Canvas", Said("aB3dE", "anon", "a.zip", late=True)),
        (["anon_aB3dE_34_56_78_a.zip"], "Canvas", Said("aB3dE", "anon", "56_78_a.zip")),
        (["doejane_12_34_LATE_56_78_a.zip"], "Canvas", Said("12", "doejane", "LATE_56_78_a.zip")),
        ([f"{BOARD}_lab.zip"], "Blackboard", Said("jdoe", "jdoe", "lab.zip", AT)),
        ([f"{BOARD}_lab.zip", OTHER + ".txt"], "Blackboard", Said("jdoe", "jdoe", "lab.zip", AT)),
        ([f"{OTHER}.txt", f"{BOARD}.txt"], "Blackboard", Said("j_d", "j_d", "", AT)),
        (
            [f"{BOARD}_x_attempt_2020-01-01-00-00-00_lab.zip"],
            "Blackboard",
            Said("jdoe", "jdoe", "x_attempt_2020-01-01-00-00-00_lab.zip", AT),
        ),
        (["HW1_jdoe_attempt_2026-13-41-14-05-09_lab.zip"], None, None),
        ([CANVAS, "ada"], None, None),
        ([CANVAS, MOODLE], None, None),
        (["ada_1", "ben_2"], None, None),
        (["x" * 300 + CANVAS], None, None),
        ([], None, None),
    ],
)
def test_platforms_are_known_by_their_names(
    names: list[str], platform: str | None, said: Said | None
) -> None:
    export = export_of(names)
    assert (export.platform if export else None) == platform
    assert (export.said[names[0]] if export else None) == said


def test_repositories_are_the_logins_behind_what_is_the_same() -> None:
    export = repositories(["hw-1-ann", "hw-1-jane-doe"])
    assert export
    assert [said.id for said in export.said.values()] == ["ann", "jane-doe"]
    assert repositories(["hw-1-ann"]) is None
    assert repositories(["hw", "hw-1-ann"]) is None
    assert repositories(["ann", "ben"]) is None


@pytest.mark.parametrize("packed", [False, True])
def test_attempts_of_blackboard_come_in_their_order_with_their_times(
    tmp_path: Path, packed: bool
) -> None:
    later = "HW1_jdoe_attempt_2026-12-01-00-00-01"
    files = {
        f"{later}_lab.zip": zipped(WORK | {"new": File(b"")}),
        f"{later}.txt": File(b"Name: Jane Doe (jdoe)"),
        "HW1_jdoe_attempt_2026-11-30-14-05-09_lab.zip": zipped(WORK),
        "HW1_ann_attempt_2026-11-29-10-00-00_main.pkr.hcl": File(b"# one of two files\n"),
        "HW1_ann_attempt_2026-11-29-10-00-00_b.pkr.hcl": File(b"# the other\n"),
        "HW1_zoe_attempt_2026-11-29-10-00-00.txt": File(b"I could not do it."),
    }
    write = write_zip if packed else write_tree
    found = handed_in([write(tmp_path / "export.zip", files)], COURSE.lab("101"))
    assert found.platforms == ("Blackboard",)
    jane, ann, zoe = sorted(found.handed, key=lambda each: (each.id != "jdoe", each.id))
    assert (jane.learner, ann.learner, zoe.learner) == ("jdoe", "ann", "zoe")
    units = units_of(COURSE, jane, None)
    assert [(unit.handed_in, unit.workspace, unit.newest) for unit in units] == [
        (AT, "2026-11-30 14:05:09/lab.zip", False),
        ("2026-12-01T00:00:01", "2026-12-01 00:00:01/lab.zip", True),
    ]
    assert "new" in units[1].submission.files
    (both,) = units_of(COURSE, ann, COURSE.lab("101"))
    assert sorted(both.submission.files) == ["b.pkr.hcl", "main.pkr.hcl"]
    assert (both.handed_in, both.workspace) == ("2026-11-29T10:00:00", "")
    (nothing,) = units_of(COURSE, zoe, COURSE.lab("101"))
    assert nothing.submission.refusal.startswith("there is no workspace in it")


def test_an_earlier_attempt_that_can_t_be_read_harms_no_later_one(tmp_path: Path) -> None:
    files = {
        "HW1_jdoe_attempt_2026-11-30-14-05-09_lab.zip": File(b"no zip"),
        "HW1_jdoe_attempt_2026-11-30-14-05-10_lab.zip": zipped(WORK),
    }
    (jane,) = handed_in([write_tree(tmp_path, files)], None).handed
    broken, right = units_of(COURSE, jane, None)
    assert "is damaged" in broken.submission.refusal
    assert (right.slug, right.submission.refusal) == ("101_first_build", "")


def test_two_who_are_one_to_a_disk_are_refused_with_all_their_attempts(tmp_path: Path) -> None:
    files = {
        f"HW1_{login}_attempt_2026-11-30-14-05-{second}_lab.zip": zipped(WORK)
        for login in ("jdoe", "JDoe")
        for second in ("09", "10")
    }
    for each in handed_in([write_tree(tmp_path, files)], None).handed:
        refusals = {unit.submission.refusal for unit in units_of(COURSE, each, None)}
        assert refusals == {"another entry has the same learner's name."}


def test_canvas_s_mark_reaches_the_unit_and_a_resubmission_is_the_newer(tmp_path: Path) -> None:
    files = {
        "doejane_LATE_12_501_lab-1.zip": zipped(WORK | {"new": File(b"")}),
        "doejane_LATE_12_500_lab.zip": zipped(WORK),
    }
    (jane,) = handed_in([write_tree(tmp_path, files)], None).handed
    assert find_workspaces(jane.entries(), any_template=False).folders == ["lab.zip", "lab-1.zip"]
    units = units_of(COURSE, jane, None)
    assert [(unit.id, unit.late, unit.handed_in) for unit in units] == [("12", True, "")] * 2
    assert "new" in units[1].submission.files


def test_a_git_classroom_s_folders(tmp_path: Path) -> None:
    files = {f"hw1-{login}/{name}": file for login in ("ann", "jane-doe")
             for name, file in (WORK | {".git/HEAD": File(b"")}).items()}  # fmt: skip
    found = handed_in([write_tree(tmp_path / "a", files)], None)
    assert found.platforms == ("git",)
    assert [(each.learner, each.id) for each in found.handed] == [
        ("ann", "ann"),
        ("jane-doe", "jane-doe"),
    ]
    (tmp_path / "a/hw1-ann/.git/HEAD").unlink()
    (tmp_path / "a/hw1-ann/.git").rmdir()
    plain = handed_in([tmp_path / "a"], None)
    assert [each.learner for each in plain.handed] == ["hw1-ann", "hw1-jane-doe"]
    assert plain.platforms == ()
