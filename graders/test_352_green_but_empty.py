"""CI was green for a week: a script that is green only with an AMI that it has made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from packerlab.grader import HOME, check, expect_exit, fail

if TYPE_CHECKING:
    from packerlab.grader import Answer, Hidden, Run

SCRIPT = "ci.sh"
TARGET = "amazon-ebs.web"
RESULT = "out/ami.txt"

NO_SUCH_IMAGE = "ami-00000000000000352"
MANIFEST = {"manifest": {"output": "manifest.json"}}


@check(points=3, docs="#this-run")
def test_id(run: Run) -> None:
    """`sh ci.sh amazon-ebs.web` makes an AMI, succeeds, and leaves its id in out/ami.txt.

    - Which AMI does your file name, and in which run was that one made?
    - The manifest grows with each run. Its first entry is the oldest.
    - Delete the old manifest before the build. Then the only entry is the one of this build.
    """
    answer = ci(run, TARGET)
    expect_exit(answer, f"`sh {SCRIPT} {TARGET}`")
    made = answer.account.image(HOME).about["id"]
    named = named_by(answer)
    if named != [made]:
        fail(
            f"{RESULT} does not contain the id of the AMI that this run made, and nothing else.",
            expected="the id of the AMI that this run made",
            found=in_words(named, made),
        )


@check(points=2, needs="test_id", docs="#lost")
def test_failing(run: Run, hidden: Hidden) -> None:
    """If the build fails, ci.sh fails, and out/ami.txt names no AMI.

    - What is the exit code of `packer build`, and who gets to see it?
    - A pipe ends with the exit code of its last command. A script ends with that of its last one.
    - Call Packer without a pipe, and let `set -e` stop the script.
    """
    target, files = failing(f"night-{hidden('failing')}")
    expect_stopped(ci(run, target, files=files), "After a build that fails")


@check(points=3, needs="test_id", docs="#nothing")
def test_nothing(run: Run, hidden: Hidden) -> None:
    """If the build makes no AMI, ci.sh fails too, and out/ami.txt names none.

    - Run `sh ci.sh null.smoke`. Packer succeeds. Should your script?
    - Exit code 0 of `packer build` says that no step has failed, and not that there is an AMI.
    - Before the script ends, ask whether this run has left exactly one id that begins with `ami-`.
    """
    expect_stopped(ci(run, "null.smoke"), "After a build of null.smoke, which makes no AMI")
    target, files = without_image(f"night-{hidden('nothing')}")
    expect_stopped(ci(run, target, files=files), "After a build of another target without an AMI")
    missing = f"amazon-ebs.night-{hidden('missing')}"
    expect_stopped(ci(run, missing), "After a build of a target that is not there")


@check(points=2, needs=["test_failing", "test_nothing"], docs="#this-run")
def test_later(run: Run, hidden: Hidden) -> None:
    """The same is true in the folder of an earlier run that was good.

    - Run the script twice, first with amazon-ebs.web and then with null.smoke. What does
      out/ami.txt say then?
    - What a run leaves is there when the next one begins, and looks just like a new result.
    - Delete out/ami.txt and the manifest at the very beginning, before anything can fail.
    """
    good = ci(run, TARGET)
    target, files = without_image(f"night-{hidden('later')}")
    answer = ci(run, target, files=files, after=good)
    expect_stopped(answer, "After a good run, and then one that makes no AMI")


# --- what the checks stand on ---------------------------------------------------------------------


def ci(run: Run, target: str, **varied: Any) -> Answer:
    """What CI does each night."""
    return run(["/bin/sh", SCRIPT, target], **varied)


def named_by(answer: Answer) -> list[str]:
    """The words in the file that the deployment reads; none where there is no such file."""
    return answer.files.text(RESULT).split() if RESULT in answer.files else []


def in_words(named: list[str], made: str) -> str:
    """What the file names, without ids: these differ from run to run."""
    if not named:
        return "nothing"
    if made in named:
        return "that id, and more"
    return "the id of another AMI" if named[0].startswith("ami-") else named[0]


def expect_stopped(answer: Answer, when: str) -> None:
    """Fail where a run that made no AMI looks like one that did."""
    if answer.exit == 0:
        fail(f"{when}, {SCRIPT} succeeds.", expected="another exit code than 0", found="0")
    if RESULT in answer.files.irregular or named_by(answer):
        fail(
            f"{when}, {RESULT} is not empty, so it would be deployed.",
            expected="an empty file, or none",
            found=in_words(named_by(answer), ""),
        )


def failing(name: str) -> tuple[str, dict[str, bytes]]:
    """A target that was added to the folder, whose build fails."""
    source = {
        "region": HOME,
        "instance_type": "t3.micro",
        "ami_name": name,
        "ssh_username": "ubuntu",
        "source_ami": NO_SUCH_IMAGE,
    }
    return added("amazon-ebs", name, source)


def without_image(name: str) -> tuple[str, dict[str, bytes]]:
    """A target that was added to the folder, whose build succeeds and makes no AMI."""
    return added("null", name, {"communicator": "none"})


def added(kind: str, name: str, source: dict[str, str]) -> tuple[str, dict[str, bytes]]:
    template = {
        "source": {kind: {name: source}},
        "build": {"sources": [f"source.{kind}.{name}"], "post-processor": [MANIFEST]},
    }
    return f"{kind}.{name}", {f"{name}.pkr.json": json.dumps(template).encode()}
