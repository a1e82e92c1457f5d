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

INDEX, DEPLOY, INCIDENT, LOST_RECORD, ROLL_BACK = (
    f"docs/runbooks/{name}.md"
    for name in ("index", "deploy", "incident", "lost_record", "roll_back")
)
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


RUNBOOKS = {name: list(pasted(name)) for name in (DEPLOY, INCIDENT, LOST_RECORD, ROLL_BACK)}
BEGINNINGS = "settings", "history"
UNDO = "roll-back"
"""Where a runbook says how to take back what it did."""
GO_LIVE = """
aws ec2 create-tags --resources "$image" --tags Key=Tested,Value=true Key=Version,Value=1.1
for channel in canary prod; do
  aws ssm put-parameter --name "/images/web/$channel" --overwrite \\
    --type String --data-type aws:ec2:image --value "$image" --query Version
done
"""
"""The image of an incident's fix is believed to be good."""
BY_HAND = """
machine=$(aws ec2 run-instances --image-id "$image" --instance-type t3.micro \\
  --query 'Instances[0].InstanceId' --output text)
aws ec2 create-image --instance-id "$machine" --name web-by-hand --query ImageId
"""
"""A colleague starts a machine from the bad image, and makes an image of it by hand."""
TWO_IMAGES = """
aws ec2 create-tags --resources "$machine" --tags Key=Service,Value=web Key=Channel,Value=canary
"""
ONE_IMAGE = 'aws ec2 terminate-instances --instance-ids "$machine"\n'
"""Until then, the machines of a channel disagree about its image."""


def prepare() -> str:
    """What the index has people prepare, without what it prints."""
    [text] = [block.text for block in blocks(INDEX) if block.title == "prepare.sh"]
    return f"{{\n{text}}} >prepared.log\n"


def lose() -> str:
    """How the index has people lose the record."""
    [text] = [block.text for block in blocks(INDEX) if block.kind == "sh" and not block.title]
    return text


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


def straight(name: str) -> list[Pasted]:
    """A runbook without what takes it back."""
    return [step for step in RUNBOOKS[name] if step.heading != UNDO]


def undo(name: str) -> Pasted:
    return next(step for step in RUNBOOKS[name] if step.heading == UNDO)


def compare(steps: Iterable[Pasted], outputs: Iterable[list[str]]) -> None:
    """Each block printed what its page shows."""
    for step, (heading, *lines) in zip(steps, outputs, strict=False):
        assert heading == step.heading
        for line in step.shown:
            pattern = re.escape(line).replace(r"\.\.\.", ".*")
            assert any(re.fullmatch(pattern, said) for said in lines), (line, lines)


@pytest.mark.parametrize("name", RUNBOOKS)
def test_a_runbook_has_every_section(name: str) -> None:
    headings = re.findall(r"^## (.+?) \{ #", page(name), re.MULTILINE)
    assert [heading for heading in headings if heading in FIELDS] == list(FIELDS)


def test_the_runbooks_do_what_they_say(workspace: Path) -> None:
    """A deployment and a rollback, which is taken back; and a canary that is taken back."""
    deploy, roll_back = straight(DEPLOY), straight(ROLL_BACK)
    undo_deploy, undo_roll_back = undo(DEPLOY), undo(ROLL_BACK)
    canary = next(place for place, step in enumerate(deploy) if step.heading == "canary")
    steps = [*deploy, *roll_back, undo_roll_back]
    again = [*deploy[canary:], *deploy[canary : canary + 2], undo_deploy]
    _, *outputs = printed(workspace, following([*steps, *again]))
    assert len(outputs) == len(steps) + len(again)
    compare(steps, outputs)
    verified = [lines for heading, *lines in outputs if heading == "verify"]
    (new,), (old,), (mistaken,) = verified
    assert new == mistaken
    assert new != old


def test_a_runbook_stops_before_production_changes(workspace: Path) -> None:
    deploy, roll_back = RUNBOOKS[DEPLOY], RUNBOOKS[ROLL_BACK]
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


def test_an_incident_and_a_lost_record(workspace: Path) -> None:
    """A build fails and is repaired; its image goes live and is bad; then the channels are lost."""
    incident, lost, back = straight(INCIDENT), straight(LOST_RECORD), RUNBOOKS[ROLL_BACK]
    pointed = next(place for place, step in enumerate(back) if step.heading == "replace")
    written = next(place for place, step in enumerate(lost) if step.heading == "channels")
    first = [step for step in incident if step.heading != "spread"]
    spread = [step for step in incident if step.heading in ("settings", "spread")]
    before = [*first, *back[:pointed], *spread]
    unclear = lost[: written + 1]
    after = [*lost, undo(LOST_RECORD), undo(INCIDENT)]
    _, *outputs = printed(
        workspace,
        following(first),
        GO_LIVE,
        following(back[:pointed]),
        BY_HAND,
        following(spread),
        lose(),
        TWO_IMAGES,
        stopped(unclear),
        ONE_IMAGE,
        following(after),
    )
    assert len(outputs) == len(before) + len(unclear) + len(after)
    compare(before, outputs)
    compare(after, outputs[-len(after) :])
    [affected] = (lines for heading, *lines in outputs if heading == "spread")
    bad, machine, *_ = affected
    assert len(bad.split()) == 3  # the image itself, and the one that was made from it by hand
    assert machine.endswith("running")
    assert "decide first" in outputs[len(before) + len(unclear) - 1]
