"""A workspace is found by its lab from anywhere, and a lab by the workspace that one stands in."""

from __future__ import annotations

import shlex
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.toy import ROOT, cli

if TYPE_CHECKING:
    from pathlib import Path

WRONG = 'source "file" "two" {\n  target = "out/x"\n}\n'


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Begun in a folder whose name a shell would take apart."""
    folder = tmp_path / "my own; work"
    assert cli("start", "101", folder).returncode == 0
    return folder


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    (tmp_path / "elsewhere").mkdir()
    return tmp_path / "elsewhere"


@pytest.mark.parametrize("name", ["101", "101_message", "message"])
def test_a_lab_names_the_workspace_that_start_made(
    workspace: Path, elsewhere: Path, name: str
) -> None:
    (workspace / "two.pkr.hcl").write_text(WRONG)
    assert cli("check", name, cwd=elsewhere).returncode == 1
    assert "hint:" in cli("hint", name, cwd=elsewhere).stdout
    assert cli("reset", name, cwd=elsewhere).returncode == 0
    assert not (workspace / "two.pkr.hcl").exists()
    assert cli("check", name, cwd=elsewhere).returncode == 0


def test_the_workspace_that_one_stands_in_comes_first(workspace: Path, tmp_path: Path) -> None:
    assert cli("start", "101", tmp_path / "second").returncode == 0
    (workspace / "two.pkr.hcl").write_text(WRONG)
    assert cli("check", "101", cwd=workspace).returncode == 1
    assert cli("check", "101", cwd=tmp_path).returncode == 1, "the one that was used last"
    assert cli("check", "101", cwd=tmp_path / "second").returncode == 0


def test_a_check_from_the_folder_above_remembers_the_workspace_itself(tmp_path: Path) -> None:
    assert cli("start", "101", tmp_path / "first").returncode == 0
    assert cli("check", cwd=tmp_path).returncode == 0, "the one workspace in this folder"
    shutil.copytree(tmp_path / "first", tmp_path / "another")
    assert cli("check", "101", cwd=tmp_path).returncode == 0, "of two, the one that was checked"


def test_a_folder_of_this_name_comes_before_the_lab(workspace: Path, elsewhere: Path) -> None:
    shutil.copytree(workspace, elsewhere / "101")
    (elsewhere / "101" / "two.pkr.hcl").write_text(WRONG)
    assert cli("check", "101", cwd=elsewhere).returncode == 1


@pytest.mark.parametrize("verb", ["check", "hint", "reset", "watch"])
def test_a_lab_that_was_not_started(tmp_path: Path, verb: str) -> None:
    done = cli(verb, "102", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        "error: You have no workspace of 102 · A Packer that is yet to come: `packerlab start 102` "
        "makes one.\n"
    )


@pytest.mark.parametrize("verb", ["check", "reset", "watch"])
def test_what_is_neither_a_folder_nor_a_lab(tmp_path: Path, verb: str) -> None:
    done = cli(verb, "199", cwd=tmp_path)
    assert done.returncode == 2
    assert "199: there is no such folder, and no such lab" in done.stderr


def test_a_workspace_that_was_removed(workspace: Path, elsewhere: Path) -> None:
    shutil.rmtree(workspace)
    done = cli("check", "101", cwd=elsewhere)
    assert done.returncode == 2
    assert "`packerlab start 101` makes one" in done.stderr


def test_printed_commands_can_be_pasted(workspace: Path) -> None:
    quoted = shlex.quote(str(workspace))
    shown = cli("start", "101", workspace.with_name("my own; other")).stdout
    assert f"packerlab check {quoted.replace('work', 'other')}\n" in shown
    marker = workspace / ".packerlab.toml"
    marker.write_text('format = 1\nlab = "101_message"\nlab_digest = "sha256:old"\n')
    assert f"`packerlab reset {quoted}`" in cli("check", workspace).stdout


@pytest.fixture
def course(tmp_path: Path) -> dict[str, str]:
    """The toy course with a debrief and a solution."""
    root = shutil.copytree(ROOT, tmp_path / "course")
    lab = root / "labs" / "101_message"
    (lab / "DEBRIEF.md").write_text("## What the message was for\n")
    shutil.copytree(lab / "starter", lab / "solution")
    return {"PACKERLAB_COURSE": str(root)}


def test_the_debrief_can_be_read_again(course: dict[str, str], tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    cli("start", "101", mine, env=course)
    early = cli("debrief", "101", env=course)
    assert early.returncode == 2
    assert "is not passed yet" in early.stderr
    assert "What the message was for" in cli("debrief", "101", "--spoil", env=course).stdout
    assert "What the message was for" in cli("check", mine, env=course).stdout
    assert "What the message was for" not in cli("check", mine, env=course).stdout
    for words, folder in ((["101"], tmp_path), ([], mine)):
        again = cli("debrief", *words, env=course, cwd=folder)
        assert again.returncode == 0
        assert again.stdout.strip() == "What the message was for"


def test_a_lab_without_a_debrief() -> None:
    done = cli("debrief", "101")
    assert done.returncode == 2
    assert "101 · Every kind of check has no debrief." in done.stderr


@pytest.mark.parametrize("verb", ["debrief", "solution", "read"])
def test_in_a_workspace_its_lab_need_not_be_named(
    course: dict[str, str], tmp_path: Path, verb: str
) -> None:
    mine = tmp_path / "mine"
    cli("start", "101", mine, env=course)
    cli("check", mine, env=course)
    assert cli(verb, cwd=mine, env=course).returncode == 0
    outside = cli(verb, cwd=tmp_path, env=course)
    assert outside.returncode == 2
    assert "Name a lab: this folder is not a workspace of one." in outside.stderr


def test_a_solution_in_a_pipe_has_a_short_line_for_each_file(course: dict[str, str]) -> None:
    shown = cli("solution", "101", "--give-up", env=course).stdout
    assert shown.startswith("# main.pkr.hcl\n")
    assert max(map(len, shown.splitlines())) < 100
