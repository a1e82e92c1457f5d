"""The runbooks are followed: their blocks are pasted, in order, into a shell beside an account."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.test_docs import BLOCK, ROOT, blocks, page

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

INDEX, DEPLOY, ROLL_BACK = (f"docs/runbooks/{name}.md" for name in ("index", "deploy", "roll_back"))
LAB = ROOT / "labs" / "352_green_but_empty"
MARK = "@@ "
FIELDS = "Purpose", "Owner", "Preconditions", "Steps", "Verify", "Roll back", "Record"


class Pasted(NamedTuple):
    """A block of a runbook, the id of its heading, and what it prints."""

    heading: str
    commands: str
    shown: list[str]


def pasted(name: str) -> Iterator[Pasted]:
    """Every block of commands, with the block of output that may follow it."""
    text = page(name)
    found = list(BLOCK.finditer(text))
    for block, after in pairwise([*found, None]):
        if block and block["kind"] == "sh":
            heading = re.findall(r"^#.*\{ #([\w-]+) \}", text[: block.start()], re.MULTILINE)[-1]
            shown = after["text"].splitlines() if after and after["kind"] == "text" else []
            yield Pasted(heading, block["text"], shown)


RUNBOOKS = {name: list(pasted(name)) for name in (DEPLOY, ROLL_BACK)}
BEGINNINGS = "settings", "history"
UNDO = "roll-back"
"""Where a runbook says how to take back what it did."""


def prepare() -> str:
    """What the index has people prepare, without what it prints."""
    [text] = [block.text for block in blocks(INDEX) if block.title == "prepare.sh"]
    return f"{{\n{text}}} >prepared.log\n"


def following(steps: Iterable[Pasted]) -> str:
    """A script that pastes blocks, and stops at the first command that fails."""
    return "".join(f"echo '{MARK}{step.heading}'\n{step.commands}test $? = 0\n" for step in steps)


def stopped(steps: Iterable[Pasted]) -> str:
    """The same, for somebody who carries on with something else after it stopped."""
    return f"set +e\n( set -e\n{following(steps)})\nset -e\n"


@pytest.fixture
def workspace(instance_base: Path, tools_root: Path, tmp_path: Path) -> Path:
    """The lab that the runbooks are about, solved."""
    assert instance_base.is_dir()
    assert tools_root.is_dir()
    folder = tmp_path / "w"
    packerlab("start", LAB.name, str(folder))
    shutil.copytree(LAB / "solution", folder, dirs_exist_ok=True)
    return folder


def packerlab(*words: str, stdin: str = "") -> str:
    done = subprocess.run(
        [sys.executable, "-m", "packerlab", *words],
        input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


def printed(workspace: Path, *scripts: str) -> list[list[str]]:
    """What each pasted block printed; the first item is what came before any."""
    script = "set -e\n" + prepare() + "".join(scripts)
    parts = packerlab("shell", str(workspace), stdin=script).split(MARK)
    return [part.splitlines() for part in parts]


@pytest.mark.parametrize("name", RUNBOOKS)
def test_a_runbook_has_every_section(name: str) -> None:
    headings = re.findall(r"^## (.+?) \{ #", page(name), re.MULTILINE)
    assert [heading for heading in headings if heading in FIELDS] == list(FIELDS)


def test_the_runbooks_do_what_they_say(workspace: Path) -> None:
    """A deployment and a rollback, which is taken back; and a canary that is taken back."""
    straight = [[step for step in steps if step.heading != UNDO] for steps in RUNBOOKS.values()]
    undo_deploy, undo_roll_back = (
        next(step for step in steps if step.heading == UNDO) for steps in RUNBOOKS.values()
    )
    deploy, roll_back = straight
    canary = next(place for place, step in enumerate(deploy) if step.heading == "canary")
    steps = [*deploy, *roll_back, undo_roll_back]
    again = [*deploy[canary:], *deploy[canary : canary + 2], undo_deploy]
    _, *outputs = printed(workspace, following([*steps, *again]))
    assert len(outputs) == len(steps) + len(again)
    for step, (heading, *lines) in zip(steps, outputs, strict=False):
        assert heading == step.heading
        for line in step.shown:
            pattern = re.escape(line).replace(r"\.\.\.", ".*")
            assert any(re.fullmatch(pattern, said) for said in lines), (line, lines)
    verified = [lines for heading, *lines in outputs if heading == "verify"]
    (new,), (old,), (mistaken,) = verified
    assert new == mistaken
    assert new != old


def test_a_runbook_stops_before_production_changes(workspace: Path) -> None:
    deploy, roll_back = RUNBOOKS.values()
    wrong = [step._replace(commands=step.commands.replace("1.1", "9.9")) for step in deploy]
    hold = "aws ssm put-parameter --name /images/web/hold --overwrite --value 'a test'\n"
    history = "aws ssm get-parameter-history --name /images/web/prod --output text"
    asked = f"echo '{MARK}history'\n{history} --query 'Parameters[].Version'\n"
    _, *outputs = printed(
        workspace, stopped(wrong), hold, stopped(deploy), stopped(roll_back), asked
    )
    reached = [heading for heading, *_ in outputs]
    ends = [reached[place - 1] for place in range(1, len(reached)) if reached[place] in BEGINNINGS]
    assert ends == ["build", "preconditions", "find"]
    assert "no image of this channel can be started" in "".join(outputs[-2])
    assert outputs[-1][1] == "1"
