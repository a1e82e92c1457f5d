"""A class with rules, from what a platform exported to the marks."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from packerlab.submissions.reader import File
from tests.packing import write_zip
from tests.submissions.test_classes import zipped
from tests.toy import MESSAGE, ROOT, SCRIPT, cli
from tests.waiting import PATIENCE_S

if TYPE_CHECKING:
    from pathlib import Path


RULES = """\
format = 1
title = "Images"
roster = "roster.csv"
deadline = 2026-11-30T12:00:00+01:00

[late]
percent_a_day = 50

[labs.101_message]
weight = 1

[labs.114_policy]
weight = 3

[policy]
components = ["source.file"]
"""
ROSTER = "\ufeffID;Name;Email\r\nann;Ann Ng;ann@x\r\njdoe;Jane Doe;j@x\r\ncy;=1+1\x1b[2J;c@x\r\n"
NULL = MESSAGE + '\nsource "null" "a" {\n  communicator = "none"\n}\n'


def workspace(text: str, lab: str = "114_policy") -> File:
    marker = f'format = 1\nlab = "{lab}"\n'.encode()
    return zipped({".packerlab.toml": File(marker), "main.pkr.hcl": File(text.encode())})


@pytest.fixture
def crowd(tmp_path: Path) -> Path:
    """An export of Blackboard's with rules and a roster beside it."""
    (tmp_path / "class.toml").write_text(RULES)
    (tmp_path / "roster.csv").write_text(ROSTER, encoding="utf-8", newline="")
    files = {
        "HW1_ann_attempt_2026-11-30-11-00-00_work.zip": workspace(MESSAGE),
        "HW1_jdoe_attempt_2026-11-30-11-59-59_work.zip": workspace(NULL),
        "HW1_jdoe_attempt_2026-11-30-13-00-00_work.zip": workspace(MESSAGE),
        "HW1_jdoe_attempt_2026-11-30-13-00-00.txt": File(b"Name: Jane Doe (jdoe)"),
        "HW1_eve_attempt_2026-11-30-10-00-00_notes.docx": File(b"no work"),
    }
    return write_zip(tmp_path / "export.zip", files)


def folder(crowd: Path, name: str) -> Path:
    made = crowd.parent / name
    made.mkdir()
    return made


def grade(crowd: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return cli("grade", crowd, "--out", crowd.parent / "book", "--weak-limits", *words)


def test_the_table_before_grading(crowd: Path) -> None:
    done = grade(crowd, "--dry-run", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    rows = [
        (each["name"], each["lab"], each["attempt"], each["handed_in"][11:], each["late"])
        for each in found["submissions"]
    ]
    assert sorted(rows) == [
        ("Ann Ng", "114_policy", 1, "11:00:00", ""),
        ("Jane Doe", "114_policy", 1, "11:59:59", ""),
        ("Jane Doe", "114_policy", 2, "13:00:00", "1 day"),
        ("eve", "unknown", 1, "10:00:00", ""),
    ]
    assert found["platforms"] == ["Blackboard"]
    assert found["roll"]["strangers"] == ["eve"]
    assert found["roll"]["missing"] == ["=1+1\N{REPLACEMENT CHARACTER}[2J"]
    assert not (crowd.parent / "book").exists()
    shown = cli("grade", crowd, "--dry-run").stdout
    assert "names as Blackboard has them" in shown
    assert "not on the roster: eve" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize("answer", ["n", "y"])
def test_on_a_terminal_it_asks(crowd: Path, answer: str) -> None:
    """What it asks about is a class that is rejected as a whole, which takes no sandbox."""
    lone = write_zip(folder(crowd, "a") / "lone.zip", {"essay.txt": File(b"")})
    words = ["grade", str(lone), "--out", "book", "--weak-limits"]
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    done = subprocess.run(
        [SCRIPT, *words], cwd=crowd.parent, stdin=theirs, capture_output=True, text=True,
        env={**os.environ, "PACKERLAB_COURSE": str(ROOT)}, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    os.close(theirs)
    os.close(ours)
    assert done.returncode == 0, done.stderr
    assert "Grade 1 submission? [Y/n]" in done.stderr
    assert "rejected: there is no workspace in it" in done.stdout
    assert (crowd.parent / "book").exists() == (answer == "y")


def test_from_an_export_to_the_marks(crowd: Path) -> None:
    book = crowd.parent / "book"
    done = grade(crowd)
    assert done.stdout.startswith("graded 3, passed 2, failed 1, rejected 1")
    assert "note: not on the roster: eve" in done.stderr
    assert f"note: rules: {crowd.parent / 'class.toml'}" in done.stderr
    assert (book / "class" / "roster.csv").read_bytes() == (
        crowd.parent / "roster.csv"
    ).read_bytes()

    rows = list(csv.DictReader(io.StringIO(cli("report", book, "-f", "marks").stdout)))
    assert [(row["id"], row["114_policy"], row["101_message"], row["total"]) for row in rows] == [
        ("ann", "1", "", "75.0"),
        ("jdoe", "1", "", "75.0"),
        ("cy", "", "", "0.0"),
        ("eve", "", "", "0.0"),
    ]
    assert rows[2]["name"] == "'=1+1\N{REPLACEMENT CHARACTER}[2J"
    assert "114_policy: 1 day late" in rows[1]["note"]
    shown = cli("report", book)
    assert "handed in more than once: Jane Doe (2)" in shown.stdout
    assert "75.0 %" in shown.stdout

    # other rules for what is late need no grading
    (crowd.parent / "class.toml").write_text(RULES.replace("= 50", "= 100"))
    strict = cli("report", book, "-f", "marks", "--class", crowd.parent / "class.toml")
    rows = list(csv.DictReader(io.StringIO(strict.stdout)))
    assert [row["total"] for row in rows] == ["75.0", "0.0", "0.0", "0.0"]
    reports = json.loads(cli("report", book, "-f", "json").stdout)
    assert [each["run"]["deducted"] for each in reports] == [0, 0, 0]

    # but another policy does, for the labs that ask for it
    kept = json.loads(grade(crowd, "--json").stdout)["kept"]
    assert kept == 3
    (crowd.parent / "class.toml").write_text(RULES.replace("source.file", "source.null"))
    again = json.loads(grade(crowd, "--json").stdout)
    assert (again["kept"], again["passed"], again["failed"]) == (0, 0, 3)
    assert (
        "Your team does not use source.file."
        in next(book.glob("reports/114*/ann/1.json")).read_text()
    )


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("class.toml", "format = 1\nlabs = 3\n", "class.toml:2: `labs` has a value"),
        ("class.toml", "format = 1\n[labs.999_none]\n", "[labs.999_none] is no lab of this course"),
        ("roster.csv", "a,b\n", "roster.csv:1: no column is called id, name or email"),
    ],
)
def test_what_is_wrong_is_one_sentence_before_anything_runs(
    crowd: Path, name: str, text: str, said: str
) -> None:
    (crowd.parent / name).write_text(text)
    done = grade(crowd)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (crowd.parent / "book").exists()


def test_a_roster_of_100_mb_is_not_read(crowd: Path) -> None:
    with (crowd.parent / "roster.csv").open("wb") as file:
        file.truncate(100_000_000)
    done = grade(crowd, "--dry-run")
    assert done.returncode == 2
    assert "has more than 10000000 bytes" in done.stderr


def test_there_must_be_a_gradebook_and_one_class(crowd: Path) -> None:
    done = cli("grade", crowd)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "name one with --out" in done.stderr
    other = write_zip(folder(crowd, "b") / "lone.zip", {"essay.txt": File(b"")})
    (other.parent / "class.toml").write_text(RULES)
    assert "name the one that holds with --class" in cli("grade", crowd, other, "--out", "x").stderr
