"""`packerlab new`: the smallest lab that `verify` accepts."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from packerlab.course import Course
from tests.toy import cli

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def course(tmp_path: Path) -> Path:
    (tmp_path / "course" / "labs").mkdir(parents=True)
    return tmp_path / "course"


@pytest.mark.parametrize(
    ("slug", "track"), [("105_a", "beginner"), ("205_b_c", "intermediate"), ("305_d", "production")]
)
def test_every_file_is_where_the_slug_says(course: Path, slug: str, track: str) -> None:
    done = cli("new", slug, "--course", course)
    assert done.returncode == 0
    lab = Course(course).lab(slug)
    assert lab.track == track
    for path in (lab.path / "README.md", lab.starter, lab.solution, lab.grader, lab.page):
        assert path.exists()
    assert 'docs="#result"' in lab.grader.read_text()
    assert done.stdout.endswith(f"Next: packerlab verify {slug} --course {course}\n")


@pytest.mark.parametrize("slug", ["", "x", "105", "105-a", "905_a", "105_A", "../105_a", "105_a/b"])
def test_what_is_no_slug_makes_nothing(course: Path, slug: str) -> None:
    done = cli("new", slug, "--course", course)
    assert done.returncode == 2
    assert "is no slug" in done.stderr
    assert list((course / "labs").iterdir()) == []


@pytest.mark.skipif(os.getuid() != 0, reason="mounts a disk read-only")
def test_a_course_that_can_t_be_written(course: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", str(course)], check=True)
    try:
        (course / "labs").mkdir()
        subprocess.run(["mount", "-o", "remount,ro", str(course)], check=True)
        done = cli("new", "105_a", "--course", course)
    finally:
        subprocess.run(["umount", str(course)], check=True)
    assert done.returncode == 2
    assert "can't be written: Read-only file system" in done.stderr
    assert "Traceback" not in done.stderr
