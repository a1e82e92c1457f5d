"""Nothing left behind: a clean-up after killed builds that harms no other."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from packerlab.grader import check, expect, expect_exit, fail, steady

if TYPE_CHECKING:
    from packerlab.grader import AccountEvidence, Answer, Hidden, Run
    from packerlab.grader import Files as Submission

JANITOR = ["/bin/sh", "janitor.sh"]
MOST_PASSES = 3
"""Of two calls that AWS refuses, each may end a pass. The next one has to finish."""

TOLERANCE = timedelta(minutes=4)
"""How far the time of a tag may be from that of the launch."""

PASSES = ("The first pass", "A pass with nothing to do")

HOLD_S = 15
"""How long AWS takes to launch the machine of the build that lives, and then to stop it. A pass
comes to an end meanwhile. If one takes longer, the build goes on, and a right answer harms it as
little as before."""

NIGHT = r"""
import os
import signal
import subprocess
import sys


class Build:
    def __init__(self, limit):
        self.process = subprocess.Popen(
            ["packer", "build", "-color=false", f"-var=limit={limit}", "."],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )

    def comes_to(self, words):
        for line in self.process.stdout:
            print(line, end="", flush=True)
            if words in line:
                return True
        return False


def janitor(number):
    done = subprocess.run(
        ["/bin/sh", "janitor.sh"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    for line in done.stderr.splitlines():
        print(f"pass {number}: {line}", flush=True)
    return number if done.returncode else 0


code = 0
overdue, *others = sys.argv[1:]
killed = Build(overdue)
if killed.comes_to("Connected to SSH"):
    os.killpg(killed.process.pid, signal.SIGKILL)
killed.process.wait()
for limit in others:
    live = Build(limit)
    for number, words in ((1, "Launching a source"), (2, "Connected to SSH")):
        if live.comes_to(words):
            code |= janitor(number)
    for line in live.process.stdout:
        print(line, end="", flush=True)
    live.process.wait()
sys.exit(code)
"""
"""Kills a build that has logged in to its machine. If it is given another limit, it begins a second
one, and runs the janitor twice meanwhile: before that build has a machine, and when it has logged
in to it. The exit code has a bit for each pass that fails."""

PROGRAM = "packerlab_night.py"


@check(points=1, docs="#says")
def test_says(run: Run, hidden: Hidden) -> None:
    """Each build says on its machine and on its disks when it may be removed.

    - What is on a machine that tells whose it is, even if Packer is dead?
    - `run_tags` are the tags of the machine, and `run_volume_tags` those of its disks.
    - `ExpiresAt = timeadd(timestamp(), var.limit)` and `Builder = "packer"`, in both.
    """
    account = killed(run, hidden).account
    launched = datetime.fromisoformat(account.instances[0]["launched"])
    limit = launched + timedelta(minutes=minutes(hidden))
    for machine in account.instances:
        expect_tagged("The machine of a build", machine["tags"], limit)
    for disk in account.all("volumes"):
        expect_tagged("A disk of a build", disk["tags"], limit)


@check(points=2, docs="#whose")
def test_gone(run: Run, hidden: Hidden, submission: Submission) -> None:
    """What is overdue is gone: machines, with their temporary key pairs and groups.

    - Which machines are overdue, and how do you find the key pair and the groups of one?
    - Ask for these before you terminate it, and delete a group after that: AWS refuses to delete
      one that a machine is in.
    - `describe-instances` with filters on the tag and the states, compare `ExpiresAt` with
      `date -u +%Y-%m-%dT%H:%M:%SZ`, then `terminate-instances`, `wait instance-terminated`,
      `delete-key-pair` and `delete-security-group`. Then look for key pairs and groups that have
      the tags themselves.
    """
    answer = night(run, hidden)
    for bit, told in zip((1, 2), PASSES, strict=True):
        if answer.exit & bit:
            found = said(answer, f"pass {bit}: ", submission)
            fail(f"{told} ends with another exit code.", expected="exit code 0", found=found)
    left = [*left_by_builds(answer.account), *spared(answer.account, hidden, DOORS)]
    if left:
        fail("Something overdue is still there.", expected="none of it", found=left)


@check(points=3, needs="test_gone", docs="#live")
def test_live(run: Run, hidden: Hidden, submission: Submission) -> None:
    """A build that is running meanwhile makes its AMI.

    - Run the janitor while a build runs. What does the build lose, and how could the janitor know
      that it is alive?
    - A build whose `ExpiresAt` is in the future is alive. One that has just begun has a key pair
      and a group, but no machine yet, and before Packer 1.7 these have no tags.
    - Never choose by name alone. Delete a key pair or a group only if an overdue machine uses it,
      or if its own tags say that it is overdue.
    """
    answer = night(run, hidden)
    if not answer.account.images:
        message = "A build was running while janitor.sh was, and it makes no AMI."
        fail(message, expected="an AMI", found=said(answer, "errored", submission))


@check(points=1, needs="test_gone", docs="#whose")
def test_stays(run: Run, hidden: Hidden) -> None:
    """Everything else stays: people's machines, key pairs and groups, and those of other builds.

    - For each thing that your script removes: which fact says that a builder owns it, and which
      one that its time is up?
    - It needs both tags. One that has no `ExpiresAt` is not overdue, and in jq `null` is less than
      every text. A name counts only for what an overdue machine uses.
    - Choose machines with `Builder = packer` and an `ExpiresAt` before now. Of what they use, take
      only names that begin with `packer_`.
    """
    expect_kept(night(run, hidden).account, hidden, DOORS)


@check(points=1, needs="test_gone", docs="#disks")
def test_disks(run: Run, hidden: Hidden) -> None:
    """Overdue disks are gone. Other disks, AMIs and snapshots stay.

    - A machine is terminated. What became of its second disk?
    - A disk that doesn't go with its machine stays, with its tags, and its state is `available`.
    - `describe-volumes` with filters on `tag:Builder` and `status`, compare `ExpiresAt` again, then
      `delete-volume`. Never touch images and snapshots.
    """
    account = night(run, hidden).account
    left = spared(account, hidden, DISKS)
    if disks_of_the_killed(account):
        left.append("a disk of the build that was killed")
    if left:
        fail("Overdue disks are still there.", expected="none", found=left)
    expect_kept(account, hidden, DISKS)


@check(points=2, needs="test_gone", docs="#again")
def test_again(run: Run, hidden: Hidden) -> None:
    """If AWS refuses a call, the next pass removes what is left. With nothing to do, none fails.

    - What does the second pass know of a group whose machine the first one has terminated?
    - A terminated machine is in no group any more. What leads to the group then has to be written
      into the account before: tags can be put on anything, at any time.
    - Give key pair and group the two tags of their machine with `create-tags`, then terminate it,
      and delete whatever has the tags and is overdue. Leave out terminated machines, and end with
      another code than 0 if a call failed.
    """
    answer = killed(run, hidden)
    for _ in range(MOST_PASSES):
        answer = run(JANITOR, after=answer, env={"AWS_MAX_ATTEMPTS": "1"})
        left = sorted(set(answer.account.leftovers) - {"a volume"})  # that costs points above
        if not left:
            break
        if answer.exit == 0:
            message = "A pass leaves something behind, and ends with exit code 0."
            fail(message, expected="another exit code", found=left)
    else:
        message = f"AWS refused two calls, once each. After {MOST_PASSES} passes, this is left."
        fail(message, expected="a pass that removes what the one before could not", found=left)
    expect_exit(run(JANITOR, after=answer), PASSES[1])


# --- what is in the account -----------------------------------------------------------------------

BUILDER = {"Builder": "packer"}
DUE, LATER = {"ExpiresAt": "{now-1m}"}, {"ExpiresAt": "{now+25m}"}

KINDS = {
    "images": "team_image",
    "key_pairs": "key_pair",
    "security_groups": "security_group",
    "instances": "instance",
    "volumes": "volume",
    "snapshots": "snapshot",
}
"""As the evidence calls them, and as account.toml does."""

UNHARMED = ("", "available", "running")

DOORS = ("instances", "key_pairs", "security_groups")
DISKS = ("volumes", "snapshots", "images")


class Thing(NamedTuple):
    """Something that was there before: what messages call it, and whether it has to go."""

    kind: str
    told: str
    tags: dict[str, str]
    goes: bool = False
    state: str = ""
    uses: str = ""
    """Of a machine: whose key pair and group it has."""

    def name(self, hidden: Hidden) -> str:
        """Its name in the account. All that has to do with Packer is called as Packer would."""
        owner = "team" if "people" in self.told else "packer"
        return f"{owner}_{hidden(f'{self.kind} {self.told}')}"


PEOPLE = "people"
IMAGE = Thing("images", "an AMI with both tags", {**BUILDER, **DUE})
MACHINES = [
    Thing("instances", "an overdue machine that is stopped", {**BUILDER, **DUE}, goes=True,
          state="stopped", uses="an overdue machine"),
    Thing("instances", "an overdue machine with a key pair of people", {**BUILDER, **DUE},
          goes=True, uses=PEOPLE),
    Thing("instances", "a builder whose time is not up", {**BUILDER, **LATER},
          uses="a builder whose time is not up"),
    Thing("instances", "a builder without `ExpiresAt`", BUILDER,
          uses="a builder without `ExpiresAt`"),
    Thing("instances", "a machine of Jenkins whose time is up", {"Builder": "jenkins", **DUE},
          uses="a machine of Jenkins"),
    Thing("instances", "a machine of people whose time is up", DUE, uses=PEOPLE),
    Thing("instances", "a machine of people without tags", {}, uses=PEOPLE),
    Thing("instances", "a builder that was terminated", {**BUILDER, **DUE}, state="terminated"),
]  # fmt: skip


def doors(kind: str, word: str) -> list[Thing]:
    """Key pairs, or groups."""
    users = [machine for machine in MACHINES if machine.uses not in {"", PEOPLE}]
    return [
        Thing(kind, f"the {word} of {PEOPLE}", {}),
        *(Thing(kind, f"the {word} of {each.uses}", {}, each.goes) for each in users),
        Thing(kind, f"an overdue {word} without a machine", {**BUILDER, **DUE}, goes=True),
        Thing(kind, f"a {word} without a machine whose time is not up", {**BUILDER, **LATER}),
        Thing(kind, f"a {word} `packer_...` without tags", {}),
    ]


THINGS = [
    IMAGE,
    *doors("key_pairs", "key pair"),
    *doors("security_groups", "group"),
    *MACHINES,
    Thing("volumes", "an overdue disk", {**BUILDER, **DUE}, goes=True),
    Thing("volumes", "a disk whose time is not up", {**BUILDER, **LATER}),
    Thing("volumes", "a disk of people whose time is up", DUE),
    Thing("volumes", "a disk of people without tags", {}),
    Thing("snapshots", "a snapshot with both tags", {**BUILDER, **DUE}),
]


def fleet(hidden: Hidden) -> dict[str, Any]:
    """An account that the submission can't know."""
    found: dict[str, Any] = {kind: [] for kind in KINDS.values()}
    for thing in THINGS:
        found[KINDS[thing.kind]].append(prepared(thing, hidden))
    return found


def prepared(thing: Thing, hidden: Hidden) -> dict[str, Any]:
    """A thing as account.toml has it. Where it has no name of its own, a tag is its name."""
    name = thing.name(hidden)
    if thing.kind in ("volumes", "snapshots"):
        return {"tags": {"Name": name, **thing.tags}}
    about: dict[str, Any] = {"name": name, "tags": thing.tags}
    if thing.kind == "instances":
        about["image"] = IMAGE.name(hidden)
    if thing.state:
        about["state"] = thing.state
    if thing.uses:
        used = {kind: one for kind in DOORS[1:] for one in THINGS
                if one.kind == kind and one.told.endswith(f" of {thing.uses}")}  # fmt: skip
        about["key_pair"] = used["key_pairs"].name(hidden)
        about["security_groups"] = [used["security_groups"].name(hidden)]
    return about


def spared(account: AccountEvidence, hidden: Hidden, kinds: tuple[str, ...]) -> list[str]:
    """What should have gone and is still there, in words."""
    ended = {name for name, state in changed(account).items() if state in {"gone", "terminated"}}
    due = [thing for thing in THINGS if thing.kind in kinds and thing.goes]
    return [thing.told for thing in due if thing.name(hidden) not in ended]


def expect_kept(account: AccountEvidence, hidden: Hidden, kinds: tuple[str, ...]) -> None:
    """Fail where something that should have stayed is gone, or was stopped."""
    now = changed(account)
    harmed = [
        thing.told
        for thing in THINGS
        if thing.kind in kinds
        and not thing.goes
        and now.get(thing.name(hidden), thing.state) not in {thing.state, *UNHARMED}
    ]
    if harmed:
        fail("janitor.sh removes what it should keep.", expected="no change", found=harmed)


def changed(account: AccountEvidence) -> dict[str, str]:
    """What is not as it was, by its name, with its state."""
    return {
        each.get("name") or each["tags"].get("Name", ""): each.get("state", "")
        for kind in KINDS
        for each in account.all(kind)
        if each.get("prepared")
    }


# --- builds that are killed -----------------------------------------------------------------------


def killed(run: Run, hidden: Hidden) -> Answer:
    """A build that was killed at work, in an account that refuses two calls of the janitor once."""
    refused = ("DeleteKeyPair", "DeleteSecurityGroup")
    error = {"code": "RequestLimitExceeded", "message": "Request limit exceeded.", "times": 1}
    nothing: dict[str, Any] = {kind: [] for kind in KINDS.values()}
    faults = [{"action": f"ec2:{action}", **error} for action in refused]
    return begun(run, [f"{minutes(hidden)}m"], {**nothing, "fault": faults})


def night(run: Run, hidden: Hidden) -> Answer:
    """A build that was killed and one that lives, with two passes of the janitor meanwhile."""
    late: dict[str, Any] = {"times": 1, "delay_s": HOLD_S}
    launch = {"action": "ec2:RunInstances", "after": 1, **late}  # the first is of the one that dies
    stop = {"action": "ec2:StopInstances", **late}
    account = {**fleet(hidden), "fault": [launch, stop]}
    return begun(run, [f"{minutes(hidden)}m", "3h"], account)


def begun(run: Run, limits: list[str], account: dict[str, Any]) -> Answer:
    files = {PROGRAM: NIGHT.encode()}
    answer = run(["python3", PROGRAM, *limits], files=files, account=account)
    if not made(answer.account, "instances"):
        fail("A build of your template starts no machine.", found=answer.error[0])
    return answer


def said(answer: Answer, words: str, submission: Submission) -> str:
    """The last lines with these words, without what differs from run to run."""
    lines = [line.strip() for line in answer.output.splitlines() if words in line]
    lines = [re.sub(" after [^:]{1,60}:", ":", line)[:400] for line in lines]
    return "\n".join(steady(line, submission) for line in lines[-3:]) or "no word of it"


def minutes(hidden: Hidden) -> int:
    """The limit of the build that is killed. It is less than nothing: its time is up."""
    return -hidden.number("limit", 31, 299)


def made(account: AccountEvidence, kind: str) -> list[dict[str, Any]]:
    """What was not there before."""
    return [each for each in account.all(kind) if not each.get("prepared")]


def left_by_builds(account: AccountEvidence) -> list[str]:
    """What is there of the builds, in words. The one that lived has removed its own."""
    alive = any(each["state"] != "terminated" for each in made(account, "instances"))
    left = {
        "the machine": alive,
        "the key pair": bool(made(account, "key_pairs")),
        "the group": bool(made(account, "security_groups")),
    }
    return [f"{told} of the build that was killed" for told, there in left.items() if there]


def disks_of_the_killed(account: AccountEvidence) -> bool:
    """Whether one is there. Those of the build that lived say that their time is not up."""
    launched = min(each["launched"] for each in made(account, "instances"))
    return any(each["tags"].get("ExpiresAt", "") < launched for each in made(account, "volumes"))


def expect_tagged(whose: str, tags: dict[str, str], limit: datetime) -> None:
    """Fail where a thing does not say whose it is, or until when."""
    found = tags.get("Builder", "no such tag")
    expect(found, "packer", f"{whose} does not have the right tag Builder.")
    message = f"{whose} does not have the right tag ExpiresAt."
    written = tags.get("ExpiresAt", "no such tag")
    try:
        moment = datetime.strptime(written, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        found = "another form" if "ExpiresAt" in tags else written
        fail(message, expected="a time such as 2026-01-31T09:30:00Z", found=found)
    if abs(moment - limit) > TOLERANCE:
        fail(message, expected="the time of the build plus `limit`", found="another time")
