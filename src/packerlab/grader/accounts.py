"""A simulated account after a build: what its images were made from, their tags, what is left."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from packerlab.checks import expect, fail
from packerlab.grader.words import steady
from packerlab.inside.aws import ACCOUNT_ID, HOME
from packerlab.inside.references import MADE, image_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packerlab.evidence.account import AccountEvidence, Call, Image
    from packerlab.packer.answers import Answer
    from packerlab.submissions.reader import Files

UBUNTU = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-"
"""The series of Ubuntu 22.04's server images for amd64; a date follows."""


def prepared_id(name: str, created: str = MADE, owner: str = ACCOUNT_ID, region: str = HOME) -> str:
    """The id of an image that `account.toml` or `account=` prepares, `created` as it says there."""
    return image_id(region, owner, name, created)


def source_of(image: Image) -> str:
    """The AMI that an image was made from: its name and owner, which no other in the region has."""
    return f"{image.about['source_name']} of {image.about['source_owner']}"


def itself(image: Image) -> str:
    """An AMI as `source_of` calls it, of one that was made from it."""
    return f"{image.name} of {image.about['owner']}"


def expect_source(image: Image, expected: str, message: str) -> None:
    """Fail where an image was made from another AMI."""
    expect(source_of(image), expected, message)


def expect_looked_up(account: AccountEvidence, owner: str) -> None:
    """Fail where the images of an owner are not searched by a pattern: what is pinned grows old.

    A search that another account's images could answer as well, or that names one image in full, is
    as wrong as an id that is typed in, though all of them may find the right image today.
    """
    searches = [call for call in account.calls if call.action == "DescribeImages"]
    lookups = [call for call in searches if owner in _values(call, "Owner")]
    if not lookups:
        fail(
            "The source image is not looked up: the next one will not be found.",
            expected=f"a lookup that names the owner {owner}",
            found="an image that is named by its id",
        )
    for call in lookups:
        owners = _values(call, "Owner")
        if owners != [owner]:
            message = "The lookup takes images of other owners too."
            fail(message, expected=f"the owner {owner} alone", found=owners)
        names = _filtered(call, "name")
        if names and not any(set("*?") & set(name) for name in names):
            message = "The lookup names one image in full: the next one will not be found."
            fail(message, expected="a pattern, with `*` in it", found="the name of one image")


def _values(call: Call, key: str) -> list[str]:
    """The values of a call's list, such as those of `Owner.1`, `Owner.2`."""
    return [
        str(value)
        for name, value in sorted(call.parameters.items())
        if re.fullmatch(rf"{key}\.[0-9]+", name)
    ]


def _filtered(call: Call, name: str) -> list[str]:
    """The values of a call's filter of a name."""
    found = []
    for key, value in call.parameters.items():
        match = re.fullmatch(r"Filter\.([0-9]+)\.Name", key)
        if match and value == name:
            found += _values(call, rf"Filter\.{match[1]}\.Value")
    return found


def expect_tags(
    tags: Mapping[str, str],
    expected: Mapping[str, str | Tag] | Mapping[str, str],
    whose: str,
    files: Files,
) -> None:
    """Fail at the first tag that has another value; `whose` is as in "The AMI"."""
    for key, wanted in expected.items():
        tag = wanted if isinstance(wanted, Tag) else Tag(wanted, wanted)
        if tags.get(key) != tag.value:
            fail(
                f"{whose} does not have the right tag {key}.",
                expected=f"{key}: {tag.in_words}",
                found=f"{key}: {steady(tags[key], files)}" if key in tags else f"no tag {key}",
            )


class Tag(NamedTuple):
    """The value of a tag that differs from build to build, and what it is in words."""

    value: str
    in_words: str


def expect_second(first: AccountEvidence, again: Answer, region: str = "") -> None:
    """Fail where a second build has not made one more AMI, or not kept the one of the first."""
    kept = first.image(region).id
    message, where = again.error
    if again.exit and "is used by an existing AMI" in message:
        fail(
            "The second build fails: the first image has that name already.",
            expected="a name of its own for each build",
            found="the same name twice",
            where=where,
        )
    again.expect_success()
    ids = [image.id for image in again.account.images if image.about["state"] == "available"]
    if kept not in ids:
        fail(
            "The second build deletes the AMI of the first, from which machines may be running.",
            expected="both AMIs",
            found="the second alone",
        )
    expect(len(ids), 2, "The second build does not leave one more AMI.")


def expect_nothing_left(account: AccountEvidence, told: str) -> None:
    """Fail where a build has left what costs money or opens a door, beside its AMIs."""
    message = f"{told} leaves something behind that costs money or opens a door."
    if account.leftovers:
        fail(message, expected="AMIs and their snapshots alone", found=account.leftovers)
