"""`packerlab grade`: every way out of it, and what it says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from packerlab import errors
from tests.toy import MESSAGE, SHELL, cli

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def crowd(tmp_path: Path) -> Path:
    """A class of one that passes, one that fails and one that is rejected."""
    wrong = MESSAGE.replace("Hello", "Goodbye")
    for name, text in {"ada": MESSAGE, "ben": wrong, "cleo": SHELL}.items():
        (tmp_path / "class" / name).mkdir(parents=True)
        (tmp_path / "class" / name / "main.pkr.hcl").write_text(text)
    return tmp_path / "class"


def test_scores_are_no_failure(crowd: Path, tmp_path: Path) -> None:
    done = cli("grade", crowd, "--lab", "101", "--out", tmp_path / "book", "--weak-limits")
    assert done.returncode == 0
    assert done.stdout.startswith(
        "graded 2, passed 1, failed 1, rejected 1, limits 0, timeouts 0, incomplete 0, faults 0 in"
    )
    assert sorted(line for line in done.stderr.splitlines() if "101_message" in line) == [
        "ada 101_message: passed 10/10",
        "ben 101_message: failed 5/10",
        "cleo 101_message: rejected 0/10",
    ]


def test_json_is_the_tally_alone(crowd: Path, tmp_path: Path) -> None:
    words = ("grade", crowd, "--lab", "101", "--out", tmp_path / "book", "--weak-limits", "--json")
    tally = json.loads(cli(*words).stdout)
    assert (tally["graded"], tally["passed"], tally["kept"]) == (2, 1, 0)
    done = cli(*words)
    assert json.loads(done.stdout)["kept"] == 3
    assert done.stderr == ""


@pytest.mark.parametrize("lab", ["102", "103"])
def test_what_is_ours_or_the_machine_s_is_said_so(crowd: Path, tmp_path: Path, lab: str) -> None:
    done = cli("grade", crowd / "ada", "--lab", lab, "--out", tmp_path / "book", "--weak-limits")
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "nowhere: there is no such file or folder."),
        (["class", "--lab", "999"], "There is no lab `999`"),
        (["class", "--course", "class"], "is not a course"),
        (["class", "--sandbox", "chroot"], "chroot"),
        (["class", "--jobs", "-1"], "--jobs"),
        (["class", "--jobs", "many"], "--jobs"),
        ([], "PATH"),
    ],
)
def test_bad_input_is_one_sentence(
    crowd: Path, tmp_path: Path, words: list[str], said: str
) -> None:
    assert crowd.is_dir()
    done = cli("grade", *words, "--out", "book", cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "book" / "reports").exists()


@pytest.mark.parametrize("taken", ["a file", "a folder"])
def test_a_gradebook_takes_no_other_s_place(crowd: Path, tmp_path: Path, taken: str) -> None:
    out = tmp_path / "book"
    if taken == "a file":
        out.write_text("mine")
    else:
        out.mkdir()
        (out / "mine.txt").write_text("mine")
    done = cli("grade", crowd, "--lab", "101", "--out", out)
    assert done.returncode == 2
    assert "name another folder" in done.stderr


def test_another_sandbox_than_the_gradebook_s_is_bad_input(crowd: Path, tmp_path: Path) -> None:
    words = ("grade", crowd, "--lab", "101", "--out", tmp_path / "book", "--weak-limits")
    assert cli(*words, "--sandbox", "bubblewrap").returncode == 0
    done = cli(*words, "--sandbox", "docker")
    assert done.returncode == 2
    assert "was graded with the sandbox bubblewrap" in done.stderr


def test_a_path_in_a_message_acts_on_no_terminal(tmp_path: Path) -> None:
    done = cli("grade", "no\x1b[2J\x1b]0;where", "--out", "book", cwd=tmp_path)
    assert done.returncode == 2
    assert "\x1b" not in done.stderr
    assert "there is no such file or folder" in done.stderr


def test_a_folder_for_temporary_files_that_is_too_deep(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    done = cli("grade", tmp_path, "--out", tmp_path / "book", env={"TMPDIR": str(deep)})
    assert done.returncode == errors.MACHINE
    assert "TMPDIR" in done.stderr
    assert "Traceback" not in done.stderr
