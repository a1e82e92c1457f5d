"""Three errors before the first API call: what validate knows, and what only a build shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packerlab.grader import (
    CANONICAL,
    HOME,
    UBUNTU,
    check,
    expect,
    expect_at_boot,
    expect_looked_up,
    expect_package,
    expect_second,
    fail,
)

if TYPE_CHECKING:
    from packerlab.grader import Build, Hidden


NEWEST = f"{UBUNTU}20240606"
KEY = "alias/labweb-images"
VERSION = "2.8.1"
RECORD = "/etc/labweb/release"


@check(points=2, docs="#preflight")
def test_image(build: Build, hidden: Hidden) -> None:
    """`packer build -var release=... .` makes one AMI in eu-central-1.

    - `packer validate .` needs no account. Fix one of its complaints, and run it again.
    - One argument is nested one block too deep, one is missing next to another, and one value has
      characters that are not allowed; the release brings one of them in.
    - `owners` is a list and belongs next to `filters`; `kms_key_id` requires `encrypt_boot`; the
      name needs `regex_replace(var.release, ..., "-")` instead of the bare release.
    """
    answer = build(inputs(hidden))
    message, where = answer.error
    if answer.exit != 0 and "No AMI was found" in message:
        fail(
            "The search for the source image finds nothing: no image has that name and owner.",
            expected="an image that the filter and `owners` fit",
            found="none",
            where=where,
        )
    if any(call.error.startswith("InvalidKmsKey") for call in answer.account.calls):
        fail(
            f"The key that the image is to be encrypted with does not exist in {HOME}.",
            expected=KEY,
            found="no such key",
            where=where,
        )
    answer.expect_success()
    answer.account.image(HOME)


@check(points=2, needs="test_image", docs="#owners")
def test_source(build: Build, hidden: Hidden) -> None:
    """It is built from the newest image of Ubuntu 22.04 for amd64 that Canonical offers.

    - Who may publish an image with a name that fits your filter?
    - `owners` says whose images count. Every account in that list can supply the image: a
      stranger's, a shop's, or your own team's.
    - Put only one item into `owners`: Canonical's account number in quotes, as it is in the
      starter. Keep the filter and `most_recent`.
    """
    account = build(inputs(hidden)).account
    image = account.image(HOME)
    owner, name = image.about["source_owner"], image.about["source_name"]
    if owner != CANONICAL:
        ours = owner == image.about["owner"]
        fail(
            "The AMI is built from an image that is not Canonical's, though its name fits.",
            expected=f"an image of account {CANONICAL}",
            found=f"an image of {'your own account' if ours else f'account {owner}'}",
        )
    if name != NEWEST:
        fail(
            "The AMI is built from an image of Canonical's that is not the newest that fits.",
            expected="the newest Ubuntu 22.04 for amd64",
            found=name,
        )
    expect_looked_up(account, CANONICAL)


@check(points=2, needs="test_image", docs="#encryption")
def test_encrypted(build: Build, hidden: Hidden) -> None:
    """Its disk is encrypted with the key alias/labweb-images.

    - Which of the two arguments says *that* a disk is encrypted, and which says *how*?
    - Packer's complaint can be silenced by taking `kms_key_id` away. Who asked for that key?
    - Keep `kms_key_id` as the starter has it, and add `encrypt_boot = true` beside it.
    """
    account = build(inputs(hidden)).account
    for device in account.image(HOME).about["block_devices"]:
        if "snapshot" not in device:
            continue
        if not device["encrypted"]:
            fail("The AMI's disk is not encrypted.", expected=KEY, found="no encryption")
        if KEY not in device["kms_aliases"]:
            other = ", ".join(device["kms_aliases"]) or "the default key of the account"
            fail("The AMI's disk is encrypted with another key.", expected=KEY, found=other)
    if not all(snapshot["encrypted"] for snapshot in account.all("snapshots")):
        fail("An unencrypted snapshot of the disk remains in the account.")


@check(points=1, needs="test_image", docs="#names")
def test_name(build: Build, hidden: Hidden) -> None:
    """Its name begins with the word labweb and contains the release.

    - Somebody sees only the name. Which release is in the image?
    - `1.4.2+7` and `1.4.27` are two releases: replace what is illegal, do not drop it.
    - Begin the name with `labweb`, and put in the variable's value with a hyphen for every
      character that a name must not have.
    """
    name = build(inputs(hidden)).account.image(HOME).name
    parts = re.split(r"[^A-Za-z0-9]+", name)
    if parts[0] != "labweb":
        fail("The AMI's name does not begin with the word labweb.", expected="labweb ...")
    told = re.split(r"[.+]", release(hidden))
    places = range(len(parts) - len(told) + 1)
    if not any(parts[place : place + len(told)] == told for place in places):
        fail(
            "The AMI's name does not contain the release.",
            expected=f"{VERSION}, a separator, and what follows the plus",
            found=f"{VERSION} in another form" if VERSION in name else f"no {VERSION}",
        )


@check(points=2, needs="test_image", docs="#second-build")
def test_second_build(build: Build, hidden: Hidden) -> None:
    """A second build of the same release makes another AMI, and the first one stays.

    - Run the same build twice. What does EC2 say to the second?
    - Once a name is taken, only deleting its image frees it, and somebody may be using that image.
      So each build needs a name of its own.
    - Add something to the name that is new with each build, such as a local made of
      `formatdate("YYYYMMDD-hhmmss", timestamp())`, and delete nothing.
    """
    account = build(inputs(hidden)).account
    account.let_the_second_pass()
    expect_second(account, build(inputs(hidden), nth=2), HOME)


@check(points=1, needs="test_image", docs="#content")
def test_content(build: Build, hidden: Hidden) -> None:
    """It still has labweb, enabled; its file and its tag have the release exactly as it was given.

    - What did the starter put into the image, and what does yours?
    - Only the name needs the release in another form. Tags and files can contain a plus.
    - Keep the starter's provisioner and its tag: labweb is installed and enabled, and the value of
      the variable itself goes into the file and into the tag.
    """
    image = build(inputs(hidden)).account.image(HOME)
    expect_package(image.disk, "labweb", "in the AMI")
    expect_at_boot(image.disk, "labweb.service", "in the AMI")
    written = image.disk.text(RECORD).rstrip("\r\n")
    message = f"{RECORD} in the image does not contain the release as it was given."
    expect(written, release(hidden), message)
    found, message = image.tags.get("Release"), "The AMI's tag `Release` has another release."
    expect(found, release(hidden), message, no="no such tag")


# --- what the checks stand on ---------------------------------------------------------------------


def release(hidden: Hidden) -> str:
    """A release of the form on the task sheet, which no template can hold already."""
    return f"{VERSION}+{hidden.mixed('release')}"


def inputs(hidden: Hidden) -> dict[str, str]:
    """The variable of the task sheet."""
    return {"release": release(hidden)}
