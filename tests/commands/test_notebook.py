"""`packerlab notebook`: copies of one's own, and JupyterLab where it is installed."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
from typing import TYPE_CHECKING

import pytest

from packerlab.course import default_root
from tests.toy import cli

if TYPE_CHECKING:
    from pathlib import Path

OURS = {"PACKERLAB_COURSE": ""}
NAMES = sorted(file.name for file in (default_root() / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("name", ["103", "103_variables", "variables"])
def test_a_lab_s_notebook_is_copied_out(tmp_path: Path, name: str) -> None:
    done = cli("notebook", name, "--copy", cwd=tmp_path, env=OURS)
    assert done.returncode == 0
    copy = tmp_path / "packerlab-notebooks" / "103_variables.ipynb"
    text = copy.read_text(encoding="utf-8")
    assert json.loads(text)["nbformat"] == 4
    assert not re.search(r"\]\(\.\./", text), "a copy has no neighbours to link to"
    assert "packerlab-notebooks/103_variables.ipynb" in done.stdout


def test_all_are_copied_without_a_name(tmp_path: Path) -> None:
    done = cli("notebook", "--copy", "--out", "my own", cwd=tmp_path, env=OURS)
    assert done.returncode == 0
    assert sorted(file.name for file in (tmp_path / "my own").iterdir()) == NAMES
    assert "'my own'" in done.stdout.splitlines()[-1], "the command can be pasted"


def test_a_learner_s_copy_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "packerlab-notebooks").mkdir()
    mine = tmp_path / "packerlab-notebooks" / "values.ipynb"
    mine.write_text("my work")
    done = cli("notebook", "values", "--copy", cwd=tmp_path, env=OURS)
    assert done.returncode == 0
    assert "is already there" in done.stdout
    assert mine.read_text() == "my work"


@pytest.mark.skipif(bool(importlib.util.find_spec("jupyterlab")), reason="it is installed here")
def test_where_jupyterlab_is_missing_the_command_for_it_is_told(tmp_path: Path) -> None:
    done = cli("notebook", "values", cwd=tmp_path, env=OURS)
    assert done.returncode == 0
    *_, install, start = done.stdout.splitlines()
    assert shlex.split(install)[-5:] == ["-m", "pip", "install", "jupyterlab", "ipykernel"]
    assert shlex.split(start)[-2:] == ["jupyterlab", "packerlab-notebooks/values.ipynb"]


@pytest.mark.parametrize(
    ("name", "env", "said"),
    [
        (
            "101",
            OURS,
            "There is no notebook `101`: there are 103_variables, build_life, build_time, "
            "fleet, lineage, values.",
        ),
        ("values", {}, "This course has no notebooks."),
    ],
)
def test_what_is_no_notebook(tmp_path: Path, name: str, env: dict[str, str], said: str) -> None:
    done = cli("notebook", name, cwd=tmp_path, env=env)
    assert done.returncode == 2
    assert said in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_folder_that_can_t_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = cli("notebook", "values", "--out", "file", cwd=tmp_path, env=OURS)
    assert done.returncode == 2
    assert "can't be written" in done.stderr
