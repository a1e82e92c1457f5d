"""What a lab's own Packer and shell leave of a workspace when its files can't come back."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from packerlab import errors
from packerlab.course import default_root

if TYPE_CHECKING:
    from pathlib import Path

LABS = default_root() / "labs"


def packerlab(*words: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "packerlab", *map(str, words)],
        input=stdin, capture_output=True, text=True, check=False, env={**os.environ},
    )  # fmt: skip


def solved(lab: str, folder: Path) -> dict[str, bytes]:
    """A workspace of a lab with its solution, and what is in it."""
    assert packerlab("start", lab, folder).returncode == 0
    shutil.copytree(LABS / lab / "solution", folder, dirs_exist_ok=True)
    return contents(folder)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.usefixtures("instance_base")
def test_too_much_to_bring_back_leaves_the_workspace_alone(tmp_path: Path) -> None:
    before = solved("104_provision", tmp_path / "w")
    done = packerlab("shell", tmp_path / "w", stdin="truncate -s 40M one two\n")
    assert done.returncode == errors.NEGATIVE, done.stderr
    assert "Nothing comes back: your workspace stays as it is." in done.stderr
    assert "bytes to hand back" in done.stderr
    assert "removed" not in done.stderr
    assert contents(tmp_path / "w") == before


@pytest.mark.skipif(not shutil.which("ssh"), reason="needs an ssh client")
@pytest.mark.usefixtures("instance_base")
def test_ssh_takes_the_key_to_a_lab_s_host_as_it_is(tmp_path: Path) -> None:
    """It refuses a key that others may read. The key stays in the box, whatever is done to it."""
    before = solved("104_provision", tmp_path / "w")
    options = "-o BatchMode=yes -o StrictHostKeyChecking=accept-new"
    login = f"ssh {options} -i host_key deploy@198.51.100.24 id -un\necho >>host_key\n"
    done = packerlab("shell", tmp_path / "w", stdin=login)
    assert done.stdout == "deploy\n", done.stderr
    assert "host_key" not in done.stderr
    assert contents(tmp_path / "w") == before


@pytest.mark.usefixtures("container_images")
def test_an_archive_of_an_image_stays_behind(tmp_path: Path) -> None:
    before = solved("107_first_container", tmp_path / "w")
    words = ["-var", "release=1.4.2", "-var", "token=secret", "."]
    done = packerlab("packer", "-C", tmp_path / "w", "build", *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "left behind: labweb.tar is a container's archive; only files come back." in done.stderr
    assert contents(tmp_path / "w") == before
