"""The licence is in the image: a build that needs a key, and keeps it nowhere."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

from packerlab.grader import check, expect, expect_package, expect_tags, fail, found_in, steady

if TYPE_CHECKING:
    from packerlab.grader import Answer, Build, Files, Hidden, Run

LEAKED = "LWKEY-7Q4M-XT2D-9RFA-60HZ"
"""The key that the starter's files have."""

ACTIVATED = "/etc/labweb/activated"
MANIFEST = "manifest.json"
MOST = 4
"""How many places a message names."""


@check(points=2, docs="#script")
def test_activated(build: Build, hidden: Hidden) -> None:
    """The build makes one AMI, with labweb installed and activated with the key it was given.

    - Packer's complaint, or the last lines of your script, say which step fails.
    - activate.sh reads the key from its standard input. What reaches it there?
    - Give the key to the shell provisioner by `environment_vars`, and let the script print that
      variable into `activate.sh`.
    """
    disk = built(build, hidden).account.image().disk
    expect_package(disk, "labweb", "in the AMI")
    wanted = hashlib.sha256(key(hidden).encode()).hexdigest()
    if disk.text(ACTIVATED).strip() != wanted:
        fail(
            "In the AMI labweb is activated with something other than the key.",
            expected=f"{ACTIVATED} as activate.sh writes it for this key",
            found="the checksum of another text",
        )


@check(points=1, needs="test_activated", docs="#workspace")
def test_workspace(build: Build, hidden: Hidden, submission: Files) -> None:
    """The key is in no file of the workspace, and a build that gets none from outside makes no AMI.

    - Which key does a build use if nobody gives it one?
    - A default, a file of values and a comment can all be read by everybody who has the repository.
    - Take the key out of every file. Leave the variable without a default, so that Packer asks for
      its value.
    """
    if where := found_in(submission, forms_of(LEAKED)):
        fail("The key that leaked is in a file of the workspace.", where=where)
    if build({"licence_number": number(hidden)}).account.images:
        fail(
            "A build that is given no key makes an AMI all the same.",
            expected="a build that stops, because a value is missing",
            found="an AMI",
        )


@check(points=2, needs="test_activated", docs="#output")
def test_output(build: Build, run: Run, hidden: Hidden) -> None:
    """The key is neither in what the build prints nor in Packer's log.

    - Search the output for the key, and then for what `base64` makes of it.
    - Packer leaves a value out of what it prints if the variable says that it is sensitive. It does
      not know the value in another form.
    - Set `sensitive = true`, and neither print the key nor change its form, not even with `set -x`.
    """
    log = built(build, hidden).places(key(hidden), "log")
    printed = run(["packer", "build", "-color=false", *as_options(hidden), "."])
    expect_none([*log, *printed.places(key(hidden), "output")], "The build prints the key.")


@check(points=2, needs="test_activated", docs="#disk")
def test_disk(build: Build, hidden: Hidden, submission: Files) -> None:
    """The key is in no file of the image.

    - Look at the disk as a customer does: with `packer build customer`, in `packerlab shell`.
    - Your script is not the only one that writes to the disk. Who keeps the machine's user data?
    - Take the key out of `user_data` and out of every file that a step writes or uploads. A pipe or
      a variable of the script leaves nothing on a disk.
    """
    places = built(build, hidden).places(key(hidden), "disk")
    shown = [steady(place, submission, "base64 UTF-16 part-001") for place in places]
    expect_none(shown, "The key is on the disk of the image.")


@check(points=2, needs="test_activated", docs="#account")
def test_account(build: Build, hidden: Hidden) -> None:
    """AWS was never told the key: it is in no tag, no user data and no other call.

    - Which arguments of the source go to AWS's API, and who may read them there?
    - Every call is recorded. base64 is a spelling: anybody can read it.
    - Remove the key from `tags` and `user_data`, in every form. The tag can have the licence's
      number instead.
    """
    places = built(build, hidden).places(key(hidden), "account", "console")
    told = [TOLD.get(place.split(" (")[0], "a machine's console") for place in places]
    expect_none(told, "The account was told the key.")


@check(points=1, needs="test_activated", docs="#number")
def test_number(build: Build, hidden: Hidden, submission: Files) -> None:
    """Manifest and tag name the licence by its number; no file that the build leaves has the key.

    - What does support need to know about an image: the key, or which licence it is?
    - The manifest writes what it is given. It does not know what is sensitive.
    - Set `custom_data` and the tag to `var.licence_number`.
    """
    answer = built(build, hidden)
    wanted = number(hidden)
    expect_tags(answer.account.image().tags, {"Licence": wanted}, "The AMI", submission)
    for entry in answer.files.manifest(MANIFEST):
        custom = entry.get("custom_data")
        found = custom.get("licence") if isinstance(custom, dict) else None
        expect(found, wanted, f"{MANIFEST} has another `licence` in its custom data.", no="nothing")
    expect_none(answer.places(key(hidden), "workspace"), "The build leaves a file with the key.")


# --- what the checks stand on --------------------------------------------------------------------

TOLD = {
    "calls": "the parameters of a call",
    "images": "the AMI's tags or description",
    "instances": "the instance's user data or tags",
    "snapshots": "the snapshot's tags or description",
    "volumes": "the volume's tags",
}
"""What holds the key where the account tells it, in words."""


def key(hidden: Hidden) -> str:
    """A licence key that no file can have."""
    return hidden.secret("licence key")


def number(hidden: Hidden) -> str:
    """The number of that licence, which everybody may know."""
    return f"LW-{hidden('licence number')}"


def inputs(hidden: Hidden) -> dict[str, str]:
    """The variables of the task sheet."""
    return {"licence_key": key(hidden), "licence_number": number(hidden)}


def as_options(hidden: Hidden) -> list[str]:
    """The same on a command line: what Packer 1.6.6 prints for programs, it leaves in clear."""
    return [f"-var={name}={value}" for name, value in inputs(hidden).items()]


def built(build: Build, hidden: Hidden) -> Answer:
    """One build with a key and its number."""
    answer = build(inputs(hidden))
    answer.expect_success()
    return answer


def expect_none(places: list[str], message: str) -> None:
    """Fail where a secret is anywhere."""
    if places:
        fail(message, expected="nowhere", found=", ".join(sorted(set(places))[:MOST]))


def forms_of(secret: str) -> bytes:
    """A pattern for a key as people write it: as it is, backwards, in base64, in hexadecimal."""
    spelt = (secret, secret[::-1], secret.encode().hex())
    encoded = base64.b64encode(secret.encode())[:-4]
    return b"(?i:" + b"|".join(re.escape(each.encode()) for each in spelt) + b")|" + encoded
