"""`packerlab start`: a workspace of one's own."""

from __future__ import annotations

import os
import subprocess
import tomllib
from typing import TYPE_CHECKING

import pytest

from tests.toy import COURSE, MESSAGE, cli

if TYPE_CHECKING:
    from pathlib import Path


def test_a_workspace_is_the_starter_with_its_task_and_marker(tmp_path: Path) -> None:
    done = cli("start", "101", cwd=tmp_path)
    assert done.returncode == 0
    folder = tmp_path / "101_message"
    assert sorted(path.name for path in folder.iterdir()) == [
        ".packerlab.toml",
        "README.md",
        "main.pkr.hcl",
    ]
    assert (folder / "main.pkr.hcl").read_text() == MESSAGE
    marker = tomllib.loads((folder / ".packerlab.toml").read_text())
    lab = COURSE.lab("101")
    assert marker == {"format": 1, "lab": "101_message", "lab_digest": lab.digest}
    assert "packerlab check 101_message" in done.stdout
    assert cli("check", folder).returncode == 0


def test_an_empty_folder_may_be_used(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert cli("start", "message", tmp_path / "mine").returncode == 0


def test_one_workspace_is_never_in_another(tmp_path: Path) -> None:
    cli("start", "101", cwd=tmp_path)
    assert cli("start", "102", cwd=tmp_path / COURSE.lab("101").slug).returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == COURSE.slugs[:2]


@pytest.mark.parametrize("taken", ["file", "folder"])
def test_nothing_of_the_learner_s_is_written_over(tmp_path: Path, taken: str) -> None:
    target = tmp_path / "mine"
    kept = target
    if taken == "folder":
        target.mkdir()
        kept = target / "main.pkr.hcl"
    kept.write_text("my work")
    done = cli("start", "101", target)
    assert done.returncode == 2
    assert "exists already; name another folder." in done.stderr
    assert kept.read_text() == "my work"


@pytest.mark.skipif(os.getuid() != 0, reason="mounts a disk read-only")
def test_a_place_that_can_t_be_written(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "ro,size=16k", "none", str(tmp_path / "disk")]
    subprocess.run(mount, check=True)
    try:
        done = cli("start", "101", tmp_path / "disk" / "mine")
        made = cli("new", "301_lab", "--course", tmp_path / "disk")
    finally:
        subprocess.run(["umount", tmp_path / "disk"], check=True)
    assert done.returncode == 2
    assert "can't be written: Read-only file system" in done.stderr
    assert made.returncode == 2
