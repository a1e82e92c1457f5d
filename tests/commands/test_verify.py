"""`packerlab verify`: its words and its exit codes; what it proves is in tests/test_verify.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.toy import cli

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def course(tmp_path: Path) -> Path:
    (tmp_path / "labs").mkdir()
    assert cli("new", "105_a", "--course", tmp_path).returncode == 0
    return tmp_path


def test_a_course_that_holds(course: Path) -> None:
    done = cli("verify", "--course", course, "--sandbox", "bubblewrap")
    assert done.returncode == 0
    assert done.stdout.startswith("105_a: holds (3 gradings on bubblewrap; limits: deadline_s ")


def test_a_course_that_does_not(course: Path) -> None:
    (course / "labs" / "105_a" / "notes.txt").write_text("")
    done = cli("verify", "105", "--brief", "--course", course)
    assert done.returncode == 1
    assert done.stdout.startswith("105_a: WRONG")
    assert "  105_a/notes.txt does not belong there\n" in done.stdout


@pytest.mark.parametrize(
    ("words", "code"), [(["999"], 2), (["--sandbox", "chroot"], 2), (["--nonsense"], 2)]
)
def test_bad_input(course: Path, words: list[str], code: int) -> None:
    done = cli("verify", *words, "--course", course)
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_no_sandbox_is_the_machine_s(course: Path) -> None:
    done = cli(
        "verify", "--course", course, "--sandbox", "docker", env={"DOCKER_HOST": "unix:///nowhere"}
    )
    assert done.returncode == 3
    assert "No sandbox can be used here" in done.stderr


def test_a_broken_variant_is_bad_input(course: Path) -> None:
    folder = course / "labs" / "105_a" / "variants" / "accept" / "x"
    folder.mkdir(parents=True)
    (folder / "variant.toml").write_text("why = 1\n")
    done = cli("verify", "--course", course)
    assert done.returncode == 2
    assert "accept/x/variant.toml" in done.stderr
    assert "Traceback" not in done.stderr
