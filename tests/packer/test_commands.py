"""The cheat sheet of Packer's commands: each row is run, with the Packer of this machine.

With one that is older than the row's number the command must do something else: so the number is
true on both sides, and no row is ever skipped.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from packerlab.packer.versions import version_of
from packerlab.sandbox.host_packer import host_packer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packerlab.packer.versions import Version

PAGE = (Path(__file__).parents[2] / "docs/reference/packer_commands.md").read_text("utf-8")
FILES = re.findall(r'^ *```\w+ title="([^"]+)"\n(.*?)^ *```$', PAGE, re.MULTILINE | re.DOTALL)
PREPARATION = re.findall(r"^\$ (.+)$", PAGE, re.MULTILINE)

PLUGIN = "packer-plugin-docker"
DESCRIPTION = '{"version": "1.1.4", "sdk_version": "0.6.0", "api_version": "x5.0"}'
"""What a plugin says of itself; the rows ask it for nothing else."""


OLDEST = "1.6.6"
"""What a row without a number works with."""


class Row(NamedTuple):
    command: str
    does: str
    since: str

    @property
    def exit_code(self) -> int:
        named = re.search(r"exit code (\d+)", self.does)
        return int(named[1]) if named else 0


def rows() -> Iterator[Row]:
    """The tables' rows. A long command stands in pieces, so that it can be broken over lines."""
    row = r"^\| (`.+`) \| (.+?)(?: \*\*([\d.]+)\+\*\*)? \|$"
    for cell, does, since in re.findall(row, PAGE, re.MULTILINE):
        yield Row(" ".join(re.findall(r"`(.+?)`", cell)), does, since or OLDEST)


ROWS = list(rows())


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose `packer` is the Packer of this machine."""
    folder = tmp_path_factory.mktemp("bin")
    path = host_packer().path
    assert path
    (folder / "packer").symlink_to(path)
    return folder


@pytest.fixture(scope="module")
def version(program: Path) -> Version:
    return version_of(run("packer version", program, program).stdout)


@pytest.fixture(scope="module")
def prepared(program: Path, version: Version, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the page, and the plugin, which is installed where Packer knows how to."""
    folder = tmp_path_factory.mktemp("prepared")
    for name, text in FILES:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(textwrap.dedent(text), encoding="utf-8")
    (folder / PLUGIN).write_text(f"#!/bin/sh\necho '{DESCRIPTION}'\n")
    (folder / PLUGIN).chmod(0o755)
    (folder / "empty").mkdir()
    install = f"packer plugins install --path ./{PLUGIN} github.com/hashicorp/docker"
    for command in [*PREPARATION, *([install] if version >= (1, 10, 0) else [])]:
        done = run(command, folder, program)
        assert done.returncode == 0, done.stdout
    return folder


def run(command: str, folder: Path, program: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": f"{program}:{os.environ['PATH']}",
        "HOME": str(folder),
        "PACKER_PLUGIN_PATH": str(folder / "plugins"),
        "CHECKPOINT_DISABLE": "1",
    }
    return subprocess.run(
        ["/bin/sh", "-c", command], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=120,
    )  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=[row.command for row in ROWS])
def test_row(row: Row, prepared: Path, program: Path, version: Version, tmp_path: Path) -> None:
    folder = tmp_path / "page"
    shutil.copytree(prepared, folder)
    done = run(row.command, folder, program)
    as_told = done.returncode == row.exit_code
    assert as_told == (version >= version_of(row.since)), f"{done.returncode}: {done.stdout}"


def test_every_row_of_a_command_is_run() -> None:
    """No row escapes by the way in which it is written."""
    assert len(ROWS) == len(re.findall(r"^\| .*packer .*\|$", PAGE, re.MULTILINE)) > 40
