"""Finding a course and its labs (that our own course holds is `test_course.py`'s matter)."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from packerlab.course import OURS, PACKAGE, Course, default_root, engine_digest, open_course
from packerlab.errors import BAD_INPUT, BadInputError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def course(tmp_path: Path) -> Course:
    own = open_course(None)
    for slug in ("201_second", "101_first", "not_a_lab", "1_short"):
        (tmp_path / "labs" / slug).mkdir(parents=True)
        shutil.copy(own.lab("101").path / "lab.toml", tmp_path / "labs" / slug)
    (tmp_path / "labs/999_file").write_text("no folder")
    return Course(tmp_path)


def test_a_listing_is_the_order(course: Course) -> None:
    assert course.slugs == ["101_first", "201_second"]
    assert [lab.slug for lab in course.labs()] == course.slugs


@pytest.mark.parametrize("name", ["101_first", "101", "first"])
def test_a_lab_has_three_names(course: Course, name: str) -> None:
    assert course.lab(name).slug == "101_first"


@pytest.mark.parametrize("name", ["", "1", "102", "_first", "first_", "../101_first", "not_a_lab"])
def test_another_name_is_refused(course: Course, name: str) -> None:
    with pytest.raises(BadInputError, match="There is no lab") as caught:
        course.lab(name)
    assert caught.value.exit_code == BAD_INPUT


def test_a_course_s_secret_reaches_its_labs(course: Course) -> None:
    assert course.secret == b""
    (course.root / "secret").write_bytes(b"\0own")
    again = Course(course.root)
    assert again.secret == b"\0own"
    assert [lab.secret for lab in again.labs()] == [b"\0own"] * 2
    assert again.lab("101").secret == b"\0own"


def test_the_named_course_comes_before_the_environment_s(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert open_course(None).root == default_root()
    monkeypatch.setenv("PACKERLAB_COURSE", str(course.root))
    assert open_course(None) == course
    (tmp_path / "other/labs").mkdir(parents=True)
    assert open_course(tmp_path / "other").root == tmp_path / "other"


def test_a_folder_without_labs_is_no_course(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"is not a course: it has no labs/ folder\."):
        open_course(tmp_path)


def test_the_engine_s_digest_covers_its_sources(tmp_path: Path) -> None:
    before = engine_digest()
    assert before == engine_digest()
    copy = tmp_path / "packerlab"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    assert digest_of_a_copy(copy) == before
    (copy / OURS / "labs").mkdir(parents=True)
    (copy / OURS / "labs/grader.py").write_text("a lab has a digest of its own")
    (copy / "__pycache__").mkdir()
    (copy / "__pycache__/a.pyc").write_text("made again")
    assert digest_of_a_copy(copy) == before
    for name in ("text.py", "inside/supervisor.py", "grading/pytest.ini"):
        (copy / name).write_text((copy / name).read_text() + "\n")
        changed = digest_of_a_copy(copy)
        assert changed != before
        before = changed


def digest_of_a_copy(package: Path) -> str:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from packerlab.course import engine_digest; print(engine_digest())"
    )
    ran = subprocess.run(
        [sys.executable, "-B", "-c", code, str(package.parent)],
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stdout.strip()
