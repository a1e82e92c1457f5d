"""`packerlab labs`: the listing, for people and for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.toy import COURSE, cli

if TYPE_CHECKING:
    from pathlib import Path


def test_the_order_is_that_of_the_course() -> None:
    done = cli("labs")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "Labs: beginner (beginner)"
    numbers = [line.split()[0] for line in lines[1 : len(COURSE.slugs) + 1]]
    assert numbers == [slug[:3] for slug in COURSE.slugs]
    assert " ".join(lines[1].split()) == "101 · Every kind of check 5 min ready"
    assert lines[2].endswith("min  needs Packer >=99.0")
    assert "this machine has " in lines[-4]
    assert lines[-1] == "Start one with: packerlab start LAB"


def test_json_has_the_whole_manifest() -> None:
    rows = json.loads(cli("labs", "--json").stdout)
    assert [row["slug"] for row in rows] == COURSE.slugs
    assert rows[0]["components"] == ["source.file"]
    assert rows[0]["track"] == "beginner"


def test_a_course_may_be_empty(tmp_path: Path) -> None:
    (tmp_path / "labs").mkdir()
    assert cli("labs", "--course", tmp_path).returncode == 0
    assert json.loads(cli("labs", "--json", env={"PACKERLAB_COURSE": str(tmp_path)}).stdout) == []


def test_a_manifest_that_is_wrong_names_file_and_key(tmp_path: Path) -> None:
    (tmp_path / "labs" / "101_lab").mkdir(parents=True)
    (tmp_path / "labs" / "101_lab" / "lab.toml").write_text("format = 1\ntitel = 'x'\n")
    done = cli("labs", "--course", tmp_path)
    assert done.returncode == 2
    assert "101_lab/lab.toml" in done.stderr
    assert "Traceback" not in done.stderr
