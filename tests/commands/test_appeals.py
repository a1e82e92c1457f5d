"""`explain` and `override`: one check of one learner, looked at again."""

from __future__ import annotations

import csv
import io
import json
import shlex
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from packerlab import errors
from packerlab.appeals import explaining
from packerlab.errors import BadInputError
from packerlab.gradebook import read_gradebook
from tests.toy import MESSAGE, SHELL, cli

if TYPE_CHECKING:
    from pathlib import Path

TWO = MESSAGE.replace("build {", 'source "file" "two" {\n  target = "out/two"\n}\n\nbuild {')
CROWD = {
    "Ada L": MESSAGE,
    "ben": "# \x1b[2J\n" + TWO,
    "cleo": SHELL,
    "dora": MESSAGE.replace("Hello", "Goodbye"),
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gradebook of four, which no test changes."""
    folder = tmp_path_factory.mktemp("graded")
    for name, text in CROWD.items():
        (folder / "class" / name).mkdir(parents=True)
        (folder / "class" / name / "main.pkr.hcl").write_text(text)
    words = ("grade", folder / "class", "--lab", "101", "--out", folder / "book")
    done = cli(*words, "--weak-limits")
    assert done.returncode == 0, done.stderr
    return folder / "book"


@pytest.fixture
def book(graded: Path, tmp_path: Path) -> Path:
    """A copy of it to change."""
    return shutil.copytree(graded, tmp_path / "book")


def explained(book: Path, *words: str) -> dict[str, Any]:
    done = cli("explain", book, *words, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def score(book: Path, learner: str) -> str:
    rows = csv.DictReader(io.StringIO(cli("report", book, "--format", "csv").stdout))
    return next(row["score"] for row in rows if row["learner"] == learner)


def lasting(text: str) -> dict[str, Any]:
    """A report without how it went this time."""
    report: dict[str, Any] = json.loads(text)
    del report["run"]
    return report


def test_the_evidence_is_shown_with_the_learner_s_lines(graded: Path) -> None:
    found = explained(graded, "ben", "2")
    assert found["check"]["name"] == "test_source"
    assert found["check"]["where"]["file"] == "main.pkr.hcl"
    here = [line for line in found["lines"] if line["here"]]
    assert here[0]["line"] == found["check"]["where"]["line"]
    assert found["changed"] == []
    done = cli("explain", graded, "ben", "one source")
    for said in ("expected: 1", "found:    2", "hint:     Three.", "main.pkr.hcl", "since then:"):
        assert said in done.stdout
    assert "\x1b" not in done.stdout


def test_the_command_that_it_names_does_it_again(graded: Path, tmp_path: Path) -> None:
    saved = lasting((graded / "reports/101_message/dora/1.json").read_text())
    command = shlex.split(explained(graded, "dora", "message")["reproduce"])
    assert lasting(cli(*command[1:], "--json").stdout) == saved
    assert cli("explain", graded, "dora", "1", "--lay-out", tmp_path / "dora").returncode == 0
    assert (tmp_path / "dora" / "main.pkr.hcl").read_text() == CROWD["dora"]
    assert lasting(cli("check", tmp_path / "dora", "--json").stdout) == saved
    again = cli("explain", graded, "dora", "1", "--lay-out", tmp_path / "dora")
    assert (again.returncode, "exists already" in again.stderr) == (errors.BAD_INPUT, True)


def test_a_rejected_one_says_why(graded: Path) -> None:
    found = explained(graded, "cleo", "3")
    assert (found["verdict"], found["check"]["outcome"]) == ("rejected", "blocked")
    assert "does not use the source `null`" in found["reason"]


def test_another_course_is_said(graded: Path) -> None:
    done = cli("explain", graded, "dora", "1", env={"PACKERLAB_COURSE": ""})
    assert "this course has no such lab" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("eve", "1"), "has no report of a learner `eve`"),
        (("dora", "9"), "No check of the report fit `9`: 1 test_message, 2 test_source"),
        (("dora", "greets"), "Several checks of the report fit `greets`: 1 test_message, 3"),
        (("dora", "1", "102"), "dora has no report on the lab `102`"),
        (("e\x1bve", "1"), "has no report of a learner `e\N{REPLACEMENT CHARACTER}ve`"),
    ],
)
def test_what_is_not_there_is_one_sentence(graded: Path, words: tuple[str, ...], said: str) -> None:
    learner, check, *lab = words
    with pytest.raises(BadInputError) as raised:
        explaining.find(read_gradebook(graded), learner, check, lab[0] if lab else None)
    assert said in str(raised.value)


@pytest.mark.parametrize("verb", [("explain",), ("override", "--points", "1", "--note", "x")])
def test_bad_input_is_one_sentence(graded: Path, verb: tuple[str, ...]) -> None:
    done = cli(verb[0], graded, "eve", "1", *verb[1:])
    assert (done.returncode, len(done.stderr.splitlines())) == (errors.BAD_INPUT, 1)


def test_points_by_hand_count_until_they_are_taken_back(book: Path) -> None:
    assert (score(book, "Ada L"), score(book, "dora")) == ("10", "5")
    words = ("override", book, "DORA", "test_message")
    done = cli(*words, "--points", "2", "--note", "Goodbye is fine.")
    assert done.returncode == 0, done.stderr
    assert "test_message has 2 of 3 points; all in all: 7 of 10" in done.stdout
    assert score(book, "dora") == "7"
    told = json.loads(cli("report", book, "--format", "json").stdout)
    by_name = {report["run"]["name"]: report for report in told}
    assert by_name["dora"]["run"]["overrides"] == {"test_message": "Goodbye is fine."}
    assert explained(book, "dora", "1")["by_hand"]["note"] == "Goodbye is fine."
    assert cli(*words, "--remove").returncode == 0
    assert score(book, "dora") == "5"
    assert "Nothing was given by hand" in cli(*words, "--remove").stderr
    assert cli("override", book, "cleo", "1", "--points", "3", "--note", "x").returncode == 0
    assert score(book, "cleo") == "3"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--points", "4", "--note", "x"), "test_message is worth 3 points, not 4."),
        (("--points", "1"), "Say why with --note"),
        (("--points", "1", "--note", " \n"), "Say why with --note"),
        (("--points", "1", "--note", "x" * 501), "501 characters"),
        (("--note", "x"), "Say how many points with --points."),
        ((), "Give --points and --note, or else --remove alone."),
        (("--remove", "--points", "1"), "Give --points and --note, or else --remove alone."),
        (("--points", "-1", "--note", "x"), "--points"),
    ],
)
def test_bad_input_gives_nothing(book: Path, words: tuple[str, ...], said: str) -> None:
    done = cli("override", book, "dora", "1", *words)
    assert (done.returncode, said in done.stderr) == (errors.BAD_INPUT, True), done.stderr
    assert not (book / "overrides").exists()
