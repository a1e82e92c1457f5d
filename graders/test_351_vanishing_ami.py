"""The AMI was there a minute ago: a message that can't be sent must not cost an image."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from packerlab.grader import check, expect_package, expect_second, fail

if TYPE_CHECKING:
    from packerlab.grader import Answer, Build, Files


CHAT = "out/chat.txt"
MANIFEST = "manifest.json"
AMI = re.compile(r"\bami-[0-9a-f]+\b")
NOTIFY = "notify.sh"
NOTIFY_SHA256 = "4ec26fb0ec8167a02877af67a59623b6341b807c128bc9891168713611fcba41"
"""Of the script's lines as its team wrote them, without blanks and line ends of an editor."""


@check(points=1, docs="#still-red")
def test_notify(submission: Files) -> None:
    """notify.sh is as the chat's team wrote it.

    - Who has to agree before `notify.sh` does something else?
    - The script tells you the truth about the chat. What you do with its answer is up to you.
    - `packerlab reset` brings the starter's files back; or copy `notify.sh` out of a new workspace.
    """
    if NOTIFY not in submission:
        fail(f"There is no {NOTIFY}.", expected=NOTIFY)
    text = submission[NOTIFY].data.decode(errors="replace").strip()
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    if hashlib.sha256(lines.encode()).hexdigest() != NOTIFY_SHA256:
        fail(f"{NOTIFY} was changed.", expected="the chat team's own script", found="another one")


@check(points=1, docs="#after-the-builder")
def test_ami(build: Build) -> None:
    """With a chat that answers, a build succeeds and makes one AMI with labweb in it.

    - Which step of the build fails, and what does Packer print about it?
    - The machine is still to be provisioned as in the starter; only what comes after it was wrong.
    - Keep the source and the provisioner of the starter, and change the post-processors.
    """
    answer = build()
    answer.expect_success()
    expect_package(answer.account.image().disk, "labweb", "in the AMI")


@check(points=2, needs="test_ami", docs="#which-id")
def test_told(build: Build) -> None:
    """Each build tells the chat the id of the AMI that it made, and no other.

    - Compare the id in `out/chat.txt` with that in Packer's last lines. Whose id is it?
    - `build.ID` is the instance on which the image was built. `manifest` writes the AMI's id into
      its file, which has an entry for every build; the newest is the last.
    - Run `manifest` before `shell-local`. In a script, take the last `artifact_id` of
      `manifest.json` and hand the part behind the colon to `notify.sh`.
    """
    first = build()
    text = first.files.text(CHAT)
    expect_told(first, text, set())
    first.account.let_the_second_pass()
    again = build(nth=2)
    expect_second(first.account, again)
    expect_told(again, again.files.text(CHAT).removeprefix(text), ids(first))


@check(points=3, needs="test_ami", docs="#who-deletes")
def test_stays(build: Build) -> None:
    """If the chat does not answer, the AMI and its snapshot stay.

    - Build with `-var chat=down` and `PACKER_LOG=1`. Which line is the last that names the AMI?
    - Packer keeps what the builder made if the first step of a sequence succeeds and keeps it. A
      step that fails is not asked.
    - Begin with a step that can't fail because of a chat: put `manifest` first.
    """
    account = on_a_bad_night(build).account
    if not account.images:
        fail("The AMI is gone.", expected="the AMI that was built", found="no AMI")
    snapshots = {snapshot["id"] for snapshot in account.all("snapshots")}
    if not account.image().snapshots <= snapshots:
        fail("The AMI's snapshot is gone.", expected="the AMI's snapshot", found="no snapshot")


@check(points=1, needs="test_stays", docs="#record-first")
def test_recorded(build: Build) -> None:
    """If the chat does not answer, manifest.json names the AMI all the same.

    - Is there a `manifest.json` after a build with `-var chat=down`?
    - If a step fails, Packer leaves out what comes after it in the same sequence.
    - Write the manifest before you tell the chat.
    """
    answer = on_a_bad_night(build)
    entries = answer.files.manifest(MANIFEST)
    named = {name for entry in entries for name in AMI.findall(str(entry.get("artifact_id")))}
    if named != ids(answer):
        fail(
            "The manifest does not name the AMI.",
            expected="the AMI's id",
            found="another id" if named else "no id",
        )


@check(points=2, needs="test_ami", docs="#still-red")
def test_red(build: Build) -> None:
    """If the chat does not answer, the build fails, so that somebody looks.

    - Who notices that the message was never sent?
    - A shell command that hides another's exit code makes the build green.
    - Take away `|| true`, `&`, pipes and extra `valid_exit_codes` around `notify.sh`. The exit code
      of your last command has to be that of `notify.sh`.
    """
    answer = on_a_bad_night(build)
    if answer.exit == 0:
        fail("The build is green, although no message was sent.", expected="a build that fails")


# --- what the checks stand on ---------------------------------------------------------------------


def on_a_bad_night(build: Build) -> Answer:
    """A build whose chat does not answer."""
    return build({"chat": "down"})


def ids(answer: Answer) -> set[str]:
    """The ids of the AMIs in the account."""
    return {image.id for image in answer.account.images}


def expect_told(answer: Answer, told: str, before: set[str]) -> None:
    """Fail where the chat was not told of the AMI that this build made, and of no other."""
    named = set(AMI.findall(told))
    if named != ids(answer) - before:
        message = "The chat is not told the id of the AMI that the build made."
        fail(message, expected="the AMI's id", found=found_in(told, named & before))


def found_in(told: str, earlier: set[str]) -> str:
    if earlier:
        return "the AMI of the build before"
    if "i-" in AMI.sub("", told):
        return "the id of the instance"
    return "another text" if told.strip() else "nothing"
