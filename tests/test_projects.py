"""The projects: what checks them accepts a good answer, and stops at what is wrong with others."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from packerlab.course import open_course
from tests.test_docs import ROOT, blocks, page

if TYPE_CHECKING:
    from pathlib import Path

ANSWERS = ROOT / "tests" / "projects"
LAB_OF = {"pipeline": "204", "operate": "303"}
CHECK = "done.sh"
OF_THE_LAB = {"operate": ("promote.sh", "rollback.sh")}
"""The scripts that a project goes on with as the lab's solution has them."""


class Wrong(NamedTuple):
    """An answer of which a piece is another, and the sentence at which its check stops."""

    project: str
    file: str
    old: str
    new: str
    sentence: str


WRONG = [
    Wrong("pipeline", "images.pkr.hcl", '["099720109477"]', '["444455556666"]', "and the base on"),
    Wrong("operate", "signals.sh", 'select(.Tested == "true")', "select(.)", "the age of each"),
    Wrong("operate", "retention.sh", "[-2:]", "[-1:]", "what may go, and"),
]


@pytest.fixture
def workspace(instance_base: Path, tools_root: Path, tmp_path: Path) -> Path:
    """Where a project is done."""
    assert instance_base.is_dir()
    assert tools_root.is_dir()
    return tmp_path / "w"


def checked(project: str, folder: Path, wrong: Wrong | None = None) -> tuple[int, list[str]]:
    """The exit code and the sentences of a project's check on its answer."""
    command = [sys.executable, "-m", "packerlab"]
    subprocess.run([*command, "start", LAB_OF[project], folder], check=True, capture_output=True)
    for file in folder.glob("[!.]*"):
        file.unlink()
    for name in OF_THE_LAB.get(project, ()):
        shutil.copy(open_course(None).lab(LAB_OF[project]).solution / name, folder)
    shutil.copytree(ANSWERS / project, folder, dirs_exist_ok=True)
    if wrong:
        file = folder / wrong.file
        text = file.read_text(encoding="utf-8")
        assert wrong.old in text
        file.write_text(text.replace(wrong.old, wrong.new), encoding="utf-8")
    (script,) = (each.text for each in blocks(f"docs/projects/{project}.md") if each.title == CHECK)
    done = subprocess.run(
        [*command, "shell", folder], input=script, capture_output=True, text=True, check=False
    )
    return done.returncode, re.findall(r"^[✓✗] .*", done.stdout, re.MULTILINE)


@pytest.mark.parametrize("project", LAB_OF)
def test_a_good_answer_is_accepted(project: str, workspace: Path) -> None:
    said = re.findall(r'^says "(.+)" \w+$', page(f"docs/projects/{project}.md"), re.MULTILINE)
    assert len(said) == 7
    assert checked(project, workspace) == (0, [f"✓ {sentence}" for sentence in said])


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: f"{wrong.project}-{wrong.file}")
def test_a_wrong_answer_is_stopped(wrong: Wrong, workspace: Path) -> None:
    code, said = checked(wrong.project, workspace, wrong)
    assert code == 1
    *good, last = said
    assert all(sentence.startswith("✓") for sentence in good)
    assert last.startswith("✗")
    assert wrong.sentence in last
