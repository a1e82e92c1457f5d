"""Three regions, two accounts, one key each: copies that are encrypted, and who may use them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from packerlab.grader import (
    HOME,
    check,
    expect,
    expect_nothing_left,
    expect_package,
    expect_tags,
    fail,
    steady,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packerlab.grader import AccountEvidence, Answer, Build, Files, Hidden, Image

PLATFORM = "platform.auto.pkrvars.hcl"
AFTER = "After the build"
TAGS = {"Service": "web", "Owner": "storefront"}
DISKS = ["/dev/sda1", "/dev/sdf"]
OTHER_REGIONS = ("eu-north-1", "us-west-2")
KNOWN_KEYS = ("alias/images", "alias/images-us", "alias/logs")
"""The keys of the lab's account, whose names learners know."""


class Release(NamedTuple):
    """What the platform team's file says."""

    keys: dict[str, str]
    accounts: list[str]

    @property
    def file(self) -> bytes:
        values = {"kms_keys": self.keys, "accounts": self.accounts}
        return "".join(f"{name} = {json.dumps(values[name])}\n" for name in values).encode()


TODAY = Release(
    keys={HOME: "alias/images", "eu-west-1": "alias/images", "us-east-1": "alias/images-us"},
    accounts=["222233334444", "333344445555"],
)


@check(points=2, docs="#copies")
def test_copies(build: Build, submission: Files) -> None:
    """The image is built once, and there is one AMI in each region, the same everywhere.

    - In which regions does the starter's build leave an AMI, and which argument says so?
    - Packer builds in `region`, and copies the AMI to `ami_regions`. Each region that has a key
      in `region_kms_key_ids` has to be in `ami_regions`, and the other way round.
    - `ami_regions = keys(var.kms_keys)` names all regions of the file. Leave the name, the tags,
      the second disk and the provisioner as they are.
    """
    answer = today(build)
    answer.expect_success()
    expect_copies(answer, TODAY, AFTER, submission)


@check(points=3, needs="test_copies", docs="#keys")
def test_keys(build: Build) -> None:
    """Every disk of every AMI is encrypted with the key of its region.

    - A key exists in one region only. How does Packer learn which one to use where?
    - `encrypt_boot = true` encrypts, and `region_kms_key_ids` is a map from a region to its key.
      `kms_key_id` is about the first region alone: the others would get AWS's own key.
    - Set `encrypt_boot = true`, `region_kms_key_ids = var.kms_keys`, and
      `kms_key_id = var.kms_keys["eu-central-1"]`, which Packer 1.6.6 wants as well.
    """
    expect_keys(today(build).account, TODAY, AFTER)


@check(points=2, needs="test_copies", docs="#accounts")
def test_accounts(build: Build) -> None:
    """In every region, all of `accounts` may launch the AMI, and nobody else may.

    - Who can start machines from the starter's image today?
    - `ami_groups` knows one group: `all`, which is everybody. Another argument takes the numbers of
      accounts.
    - Put `ami_users = var.accounts` in the place of `ami_groups`.
    """
    expect_accounts(today(build).account, TODAY, AFTER)


@check(points=1, needs="test_copies", docs="#snapshots")
def test_snapshots(build: Build) -> None:
    """All of `accounts`, and nobody else, may use the snapshots of the AMIs.

    - An account may launch your image. What does it read when it makes a copy of its own?
    - A copy is made of the snapshots, which have permissions of their own.
    - Add `snapshot_users = var.accounts`.
    """
    expect_snapshots(today(build).account, TODAY, AFTER)


@check(points=1, needs=("test_keys", "test_accounts", "test_snapshots"), docs="#values")
def test_new_values(build: Build, hidden: Hidden, submission: Files) -> None:
    """If the platform team changes its file, the next build uses the new values.

    - Change a region, a key and an account in the file, and build. What does your template still
      do for the old ones?
    - A region, a key or an account that is typed into the template stays when the file changes.
      Only `eu-central-1` is always there.
    - Use `keys(var.kms_keys)`, `var.kms_keys` and `var.accounts`. If you leave out the home region,
      do it with `{ for region, key in var.kms_keys : region => key if region != "eu-central-1" }`.
    """
    release = next_release(hidden)
    told = f"With other values in {PLATFORM}"
    answer = build(files={PLATFORM: release.file}, account={"key": keys_of(release)})
    if answer.exit != 0:
        message, where = answer.error
        fail(f"{told}, the build fails.", found=message or f"exit code {answer.exit}", where=where)
    expect_copies(answer, release, told, submission)
    expect_keys(answer.account, release, told)
    expect_accounts(answer.account, release, told)
    expect_snapshots(answer.account, release, told)


@check(points=1, needs="test_copies", docs="#left")
def test_nothing_left(build: Build) -> None:
    """Nothing else is left: no unencrypted snapshot, instance, disk, key pair or security group.

    - What did Packer make on the way to the AMIs, and which argument of your template keeps a part
      of it?
    - Packer removes what it has made by itself. A disk that you define stays, unless you say
      otherwise.
    - Keep `delete_on_termination = true` in the block of every disk.
    """
    expect_nothing_left(today(build).account, "The build")


# --- what the checks stand on ---------------------------------------------------------------------


def today(build: Build) -> Answer:
    return build(files={PLATFORM: TODAY.file})


def next_release(hidden: Hidden) -> Release:
    """Values that no template can have already."""
    keys = {region: f"alias/web-{hidden(region)}" for region in (HOME, *OTHER_REGIONS)}
    numbers = [hidden.number(f"account {nth}", 10**11, 10**12 - 1) for nth in range(3)]
    return Release(keys, [str(number) for number in numbers])


def keys_of(release: Release) -> list[dict[str, Any]]:
    """An account's keys: those of a release, and in every region those that learners know."""
    return [
        *({"alias": alias, "regions": [region]} for region, alias in release.keys.items()),
        *({"alias": alias} for alias in KNOWN_KEYS),
    ]


def expect_copies(answer: Answer, release: Release, told: str, submission: Files) -> None:
    """Fail where it is not one image that was made once and copied to the release's regions."""
    account = answer.account
    images = by_region(account)
    regions = [str(image.about["region"]) for image in images]
    message = f"{told}, there is not one AMI in each region of `kms_keys`."
    expect(regions, sorted(release.keys), message, no="no AMI")
    if len(account.instances) != 1:
        fail(
            f"{told}, the image was made more than once: these are different images.",
            expected="one machine, and copies of its image",
            found=f"{len(account.instances)} machines",
        )
    if len({image.name for image in images}) != 1:
        names = [steady(image.name, submission) for image in images]
        fail(f"{told}, the AMIs have different names.", expected="one name", found=names)
    for image in images:
        place = f"AMI in {image.about['region']}"
        expect_tags(image.tags, TAGS, f"The {place}", submission)
        found = [str(disk["device"]) for disk in disks(image)]
        if not set(DISKS) <= set(found):
            message = f"{told}, the {place} lacks a disk."
            fail(message, expected=DISKS, found=found)
        expect_package(image.disk, "labweb", f"in the {place}")


def expect_keys(account: AccountEvidence, release: Release, told: str) -> None:
    wrong = [
        f"{image.about['region']}: {disk['device']} {encryption(disk)}"
        for image in by_region(account)
        for disk in disks(image)
        if release.keys[image.about["region"]] not in disk["kms_aliases"]
    ]
    if wrong:
        fail(
            f"{told}, not every disk is encrypted with the key of its region.",
            expected="each with the key that `kms_keys` names for the region",
            found=wrong,
        )


def expect_accounts(account: AccountEvidence, release: Release, told: str) -> None:
    wrong = [
        f"{image.about['region']}: {words}"
        for image in by_region(account)
        for words in wrongly_shared(image.about, release)
    ]
    if wrong:
        message = f"{told}, the wrong accounts may launch the AMIs."
        fail(message, expected="all of `accounts`, and nobody else", found=wrong)


def expect_snapshots(account: AccountEvidence, release: Release, told: str) -> None:
    of_images = {name for image in account.images for name in image.snapshots}
    wrong = [
        f"{snapshot['region']}: {words}"
        for snapshot in account.all("snapshots")
        if snapshot["id"] in of_images
        for words in wrongly_shared(snapshot, release)
    ]
    if wrong:
        message = f"{told}, the wrong accounts may use the snapshots of the AMIs."
        fail(message, expected="all of `accounts`, and nobody else", found=sorted(set(wrong)))


def by_region(account: AccountEvidence) -> list[Image]:
    """The AMIs in an order that is the same each time: copies are made side by side."""
    return sorted(account.images, key=lambda image: str(image.about["region"]))


def disks(image: Image) -> Iterator[dict[str, Any]]:
    """The disks that an AMI has snapshots of."""
    return (device for device in image.about["block_devices"] if device.get("snapshot"))


def encryption(disk: dict[str, Any]) -> str:
    """What a disk is encrypted with, in words."""
    if not disk["encrypted"]:
        return "is not encrypted"
    if "alias/aws/ebs" in disk["kms_aliases"]:
        return "has AWS's own key"
    known = [alias for alias in disk["kms_aliases"] if alias in KNOWN_KEYS]
    return f"has {known[0]}" if known else "has another key"


def wrongly_shared(thing: dict[str, Any], release: Release) -> list[str]:
    """How the permissions of an AMI or a snapshot differ from the release's accounts, in words."""
    if thing["public"]:
        return ["everybody may"]
    shared = set(thing["shared_with"]) - {thing["owner"]}
    wanted = set(release.accounts)
    known = wanted & set(TODAY.accounts)
    return [
        *(f"{number} may not" for number in sorted((wanted - shared) & known)),
        *(["one of the accounts may not"] if wanted - shared - known else []),
        *(f"{number} may" for number in sorted(shared - wanted)),
        *(["an organization may"] if thing.get("shared_with_organizations") else []),
    ]
