"""`key`, and `report --verify` of a gradebook: every way out of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from packerlab import errors
from tests.toy import cli

STATIC = Path(__file__).parent.parent.parent / "benchmarks" / "course"
TEMPLATE = (STATIC / "labs" / "101_static" / "solution" / "main.pkr.hcl").read_text()
LAB = "101_static"


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with a key, and a gradebook that is signed with it."""
    folder = tmp_path_factory.mktemp("signed")
    shutil.copytree(STATIC, folder / "course")
    for name, text in {"ada": TEMPLATE, "ben": TEMPLATE + "# mine\n"}.items():
        (folder / "class" / name).mkdir(parents=True)
        (folder / "class" / name / "main.pkr.hcl").write_text(text)
    made = cli("key", "--course", folder / "course")
    assert (made.returncode, "stays with you" in made.stdout) == (0, True), made.stderr
    assert (folder / "course" / "signing.key").stat().st_mode & 0o777 == 0o600
    shown = cli("key", "--course", folder / "course").stdout
    assert shown == made.stdout.splitlines(keepends=True)[1]
    done = grade(folder)
    assert done.startswith("graded 2, passed 2")
    return folder


@pytest.fixture
def folder(signed: Path, tmp_path: Path) -> Path:
    return shutil.copytree(signed, tmp_path / "copy")


def grade(folder: Path) -> str:
    words = ("grade", folder / "class", "--lab", "101", "--out", folder / "book")
    done = cli(*words, "--course", folder / "course", "--weak-limits")
    assert done.returncode == 0, done.stderr
    return done.stdout


def verify(folder: Path, *words: str) -> tuple[int, str]:
    done = cli("report", folder / "book", "--verify", "--course", folder / "course", *words)
    return done.returncode, done.stdout + done.stderr


def test_all_is_as_it_was_saved_and_comes_out_the_same(signed: Path) -> None:
    code, said = verify(signed)
    assert code == errors.DONE, said
    assert "2 entries signed by SHA256:" in said
    assert f"✓ ada {LAB}: passed, as in the gradebook" in said
    assert f"✓ ben {LAB}: passed, as in the gradebook" in said


def test_what_was_edited_is_wrong_and_is_graded_again(folder: Path) -> None:
    (folder / "course" / "signing.key").unlink()  # to check, the public half is enough
    file = folder / "book" / "reports" / LAB / "ben" / "1.json"
    file.write_text(file.read_text().replace('"points": 1', '"points": 0'))
    code, said = verify(folder, "--sample", "0")
    assert (code, f"✗ reports/{LAB}/ben/1.json was edited" in said) == (errors.NEGATIVE, True)
    assert "Traceback" not in said
    done = cli("report", folder / "book", "--course", folder / "course", "--format", "csv")
    assert "ben/1.json was edited; --verify shows it" in done.stderr
    assert "ben" not in done.stdout
    (folder / "course" / "signing.pub").unlink()
    code, said = verify(folder)  # without a key, the sample still finds it
    assert (code, f"✗ ben {LAB}: passed" in said) == (errors.NEGATIVE, True), said


def test_a_gradebook_that_lost_a_report_gets_it_again(folder: Path) -> None:
    (folder / "book" / "reports" / LAB / "ada" / "1.json").unlink()
    assert verify(folder, "--sample", "0")[0] == errors.NEGATIVE
    assert grade(folder).startswith("graded 2, passed 2")
    assert verify(folder, "--sample", "0")[0] == errors.DONE


def test_what_can_t_be_judged_here_is_no_accusation(folder: Path) -> None:
    with (folder / "course" / "graders" / f"test_{LAB}.py").open("a") as grader:
        grader.write("# another one\n")
    code, said = verify(folder, "--sample", "1")
    assert (code, "the grader changed since" in said) == (errors.MACHINE, True), said
    for name in ("signing.key", "signing.pub"):
        (folder / "course" / name).unlink()
    code, said = verify(folder, "--sample", "0")
    assert (code, "This course has no key" in said) == (errors.MACHINE, True), said


def test_our_own_course_has_no_key() -> None:
    done = cli("key", env={"PACKERLAB_COURSE": ""})
    assert done.returncode == errors.BAD_INPUT
    assert "name a course of yours" in done.stderr
