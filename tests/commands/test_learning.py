"""`hint`, `solution`, `reset`, `progress`, and bare `packerlab`: a learner's way through a lab."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.toy import COURSE, cli

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    assert cli("start", "101", tmp_path / "mine").returncode == 0
    return tmp_path / "mine"


def test_hints_come_one_by_one(tmp_path: Path) -> None:
    cli("start", "101", tmp_path / "mine")
    (tmp_path / "mine" / "two.pkr.hcl").write_text('source "file" "two" {\n  target = "out/x"\n}\n')
    shown = [cli("hint", tmp_path / "mine").stdout.count("hint:") for _ in range(3)]
    assert shown == [2, 3, 3]
    assert cli("check", tmp_path / "mine").stdout.count("hint:") == 3


def test_where_all_is_well_there_is_no_hint(workspace: Path) -> None:
    done = cli("hint", workspace)
    assert done.returncode == 0
    assert "hint:" not in done.stdout
    assert "10 of 10 points" in done.stdout


def test_the_first_pass_ends_with_the_next_command(workspace: Path) -> None:
    assert f"Passed. Next: packerlab start {COURSE.slugs[1]}" in cli("check", workspace).stdout
    assert "Passed. Next" not in cli("check", workspace).stdout


def test_reset_keeps_the_old_work(workspace: Path) -> None:
    (workspace / "main.pkr.hcl").write_text("mine")
    for number in (1, 2):
        done = cli("reset", workspace)
        assert done.returncode == 0
        assert (workspace.with_name(f"mine.kept-{number}") / "main.pkr.hcl").exists()
    assert (workspace.with_name("mine.kept-1") / "main.pkr.hcl").read_text() == "mine"
    assert (workspace / "main.pkr.hcl").read_text() != "mine"
    assert cli("check", workspace).returncode == 0


def test_reset_in_the_folder_itself(workspace: Path) -> None:
    done = cli("reset", cwd=workspace)
    assert done.returncode == 0
    assert (workspace / "README.md").exists()


def test_reset_of_what_is_no_workspace(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    done = cli("reset", tmp_path)
    assert done.returncode == 2
    assert "is not a workspace" in done.stderr
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_lab_that_changed_since(workspace: Path) -> None:
    marker = workspace / ".packerlab.toml"
    marker.write_text('format = 1\nlab = "101_message"\nlab_digest = "sha256:old"\n')
    done = cli("check", workspace)
    assert "the lab changed since you started" in done.stdout
    assert done.returncode == 0


def test_progress_shows_what_is_passed_and_next(workspace: Path) -> None:
    before = cli("progress").stdout
    assert f"0 of {len(COURSE.slugs)}" in before
    assert "started" in before
    cli("check", workspace)
    after = cli("progress").stdout
    assert f"1 of {len(COURSE.slugs)}" in after
    assert "passed 20" in after
    saved = json.loads(cli("progress", "--json").stdout)
    assert saved["labs"]["101_message"]["score"] == 10


def test_progress_travels(workspace: Path, tmp_path: Path) -> None:
    cli("check", workspace)
    assert cli("progress", "--export", tmp_path / "mine.json").returncode == 0
    elsewhere = {"PACKERLAB_STATE": str(tmp_path / "elsewhere")}
    assert "1 of" not in cli("progress", env=elsewhere).stdout
    taken = cli("progress", "--import", tmp_path / "mine.json", env=elsewhere)
    assert "1 of" in taken.stdout
    assert "1 of" in cli("progress", env=elsewhere).stdout


@pytest.mark.parametrize(("content", "said"), [(None, "no such file"), ("{", "no record")])
def test_what_can_t_be_taken_changes_nothing(
    workspace: Path, tmp_path: Path, content: str | None, said: str
) -> None:
    cli("check", workspace)
    if content is not None:
        (tmp_path / "bad.json").write_text(content)
    done = cli("progress", "--import", tmp_path / "bad.json")
    assert done.returncode == 2
    assert said in done.stderr
    assert "1 of" in cli("progress").stdout


def test_bare_packerlab_says_where_you_are(tmp_path: Path) -> None:
    first = cli()
    assert first.returncode == 0
    assert f"You have passed 0 of {len(COURSE.slugs)} labs." in first.stdout
    assert f"Next: packerlab start {COURSE.slugs[0]}" in first.stdout
    cli("start", "101", tmp_path / "mine")
    begun = cli().stdout
    assert "You are at 101 · Every kind of check" in begun
    assert f"Next: packerlab watch {tmp_path / 'mine'}" in begun
