"""`packerlab team`: exported files become a table, and hostile ones a line about them."""

from __future__ import annotations

import csv
import json
import os
from typing import TYPE_CHECKING

import pytest

from tests.toy import COURSE, cli

if TYPE_CHECKING:
    from pathlib import Path

FIRST, SECOND = COURSE.slugs[:2]
ADA = {
    "format": 1,
    "last": SECOND,
    "labs": {
        FIRST: {"begun": "2026-01-30", "passed": "2026-01-31", "score": 10},
        SECOND: {"begun": "2026-02-01", "score": 4},
    },
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ada is at the second lab; Ben exported before he began."""
    made = tmp_path / "team"
    made.mkdir()
    (made / "Ada.json").write_text(json.dumps(ADA))
    (made / "ben.json").write_text('{"format": 1}')
    (made / "notes.txt").write_text("not a member")
    return made


def rows(file: Path) -> list[dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_a_team_is_seen_at_a_glance(folder: Path) -> None:
    done = cli("team", folder)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split() for line in done.stdout.splitlines()]
    total = len(COURSE.slugs)
    opened = "○" * total
    assert ["Ada", "1", "of", str(total), f"✓…{opened[2:]}"] in lines
    assert ["ben", "0", "of", str(total), opened] in lines


def test_what_progress_exports_is_what_team_reads(tmp_path: Path) -> None:
    cli("start", "101", tmp_path / "mine")
    cli("check", tmp_path / "mine")
    (tmp_path / "team").mkdir()
    cli("progress", "--export", tmp_path / "team" / "me.json")
    assert "1 of" in cli("team", tmp_path / "team").stdout
    printed = cli("progress", "--json").stdout
    (tmp_path / "team" / "again.json").write_text(printed)
    assert cli("team", tmp_path / "team").stdout.count("1 of") == 2


def test_as_a_table_and_as_a_page(folder: Path, tmp_path: Path) -> None:
    done = cli("team", folder, "--csv", tmp_path / "t.csv", "--html", tmp_path / "t.html")
    assert (done.returncode, done.stdout) == (0, "")
    found = rows(tmp_path / "t.csv")
    assert len(found) == 2 * len(COURSE.slugs)
    assert found[0] == {
        "member": "Ada",
        "lab": FIRST,
        "title": "101 · Every kind of check",
        "state": "passed",
        "score": "10",
        "started": "2026-01-30",
        "passed": "2026-01-31",
    }
    page = (tmp_path / "t.html").read_text(encoding="utf-8")
    assert "<bdi>Ada</bdi>" in page
    assert "101 · Every kind of check" in page
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page


HOSTILE: dict[str, bytes] = {
    "no json": b"{",
    "another shape": b'{"format": 1, "labs": []}',
    "a later format": b'{"format": 2}',
    "no day": b'{"format": 1, "labs": {"101_message": {"passed": "=cmd()"}}}',
    "a large score": b'{"format": 1, "labs": {"101_message": {"score": 1' + b"0" * 400 + b"}}}",
    "too deep": b"[" * 100_000,
    "not utf-8": b'{"last": "\xff"}',
    "large": b'{"format": 1, "last": "' + b"x" * 300_000 + b'"}',
    "empty": b"",
}


def test_a_hostile_file_is_left_out_and_named(folder: Path, tmp_path: Path) -> None:
    for name, data in HOSTILE.items():
        (folder / f"{name}.json").write_bytes(data)
    (folder / "link.json").symlink_to("/etc/hostname")
    os.mkfifo(folder / "pipe.json")
    done = cli("team", folder, "--html", tmp_path / "t.html", "--csv", tmp_path / "t.csv")
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    for name in [*HOSTILE, "link", "pipe"]:
        assert f"{name}.json is left out: " in done.stderr, name
    assert {row["member"] for row in rows(tmp_path / "t.csv")} == {"Ada", "ben"}
    assert "too deep.json" in (tmp_path / "t.html").read_text()


@pytest.mark.parametrize(
    "name", ["<script>alert(1)<", "=HYPERLINK(1)", "\x1b]0;owned\x07", "a\u202eb", "x\ny"]
)
def test_a_name_never_acts(folder: Path, tmp_path: Path, name: str) -> None:
    (folder / f"{name}.json").write_text(json.dumps(ADA))
    shown = cli("team", folder).stdout
    cli("team", folder, "--html", tmp_path / "t.html", "--csv", tmp_path / "t.csv")
    page = (tmp_path / "t.html").read_text(encoding="utf-8")
    for text in (shown, page):
        assert not {"\x1b", "\x07", "\u202e"} & set(text)
    assert "<script" not in page
    found = rows(tmp_path / "t.csv")
    assert len(found) == 3 * len(COURSE.slugs)
    assert not any(row["member"].startswith(("=", "\x1b")) for row in found)


def test_labs_that_the_course_does_not_have_are_no_columns(folder: Path) -> None:
    other = {"format": 1, "labs": {"999_mine": {"begun": "2026-01-01", "passed": "2026-01-01"}}}
    (folder / "carl.json").write_text(json.dumps(other))
    assert "carl" in cli("team", folder).stdout
    assert "999" not in cli("team", folder).stdout


@pytest.mark.parametrize(
    ("name", "said"),
    [("nowhere", "is no folder"), ("empty", "has no exported progress"), ("file", "is no folder")],
)
def test_what_is_no_team(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    done = cli("team", tmp_path / name)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_page_that_can_t_be_written(folder: Path) -> None:
    done = cli("team", folder, "--html", folder / "no" / "t.html")
    assert done.returncode == 2
    assert "can't be written" in done.stderr
