"""Half published: a script that publishes a release in every region, or in none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from packerlab.grader import (
    HOME,
    UBUNTU,
    check,
    expect,
    expect_exit,
    expect_nothing_left,
    expect_tags,
    fail,
)

if TYPE_CHECKING:
    from packerlab.grader import AccountEvidence, Answer, Files, Hidden, Image, Run

SCRIPT = "release.sh"
RESULT = "out/release.json"
STAMP = "/etc/web-release"
KEY = "alias/images"

WEST, EAST = "eu-west-1", "us-east-1"
REGIONS = (HOME, WEST, EAST)

STALE = b'{ "eu-central-1": "ami-0354354354354354a", "eu-west-1": "ami-0354354354354354b" }\n'
"""What an earlier release has left in the folder."""

REFUSED = {
    "action": "ec2:C*Image",  # however the AMI is to get there
    "region": WEST,
    "code": "ResourceLimitExceeded",
    "message": "Too many image copies are in progress for this region.",
}
"""A region that takes no image, today or ever."""

UNTAGGED = {
    "action": "ec2:CreateTags",
    "region": EAST,
    "times": 1,
    "code": "UnauthorizedOperation",
    "message": "You are not authorized to perform this operation.",
}
"""What goes wrong once, after all copies are there."""


@check(points=2, docs="#again")
def test_published(run: Run, hidden: Hidden, submission: Files) -> None:
    """`sh release.sh RELEASE` publishes web-RELEASE in each of the three regions.

    - Run `sh release.sh 1.6.0` in `packerlab shell`, and list the AMIs of each region. Which name
      do the new ones have?
    - The template already makes what the task sheet describes, if the variable `release` is the
      number that the script was called with.
    - Call `packer build -var "release=$1" .` for every try. A name that is still taken is a reason
      to remove what has it, and not to use another one.
    """
    answer = on_a_good_day(run, hidden)
    expect_exit(answer, f"`sh {SCRIPT} RELEASE`")
    expect_whole(answer, hidden, submission, "After a release in which nothing fails")


@check(points=1, needs="test_published", docs="#record")
def test_record(run: Run, hidden: Hidden) -> None:
    """out/release.json gives each region the id of its AMI; after a failure, it names none.

    - What does the file say after a release that failed, in the folder of one that didn't?
    - Packer's `artifact_id` of a copied AMI is a list: `REGION:ID,REGION:ID,REGION:ID`. A file that
      is there before the build is somebody else's result.
    - Remove out/release.json before the first build, and write it after the one that succeeded, as
      the script in the starter does.
    """
    good = on_a_good_day(run, hidden)
    record = good.files.json(RESULT)
    ids = {str(image.about["region"]): image.id for image in made(good.account)}
    if record != ids:
        fail(
            f"{RESULT} does not give each region the id of its AMI, and nothing else.",
            expected=[f"{region}: the id of its AMI" for region in REGIONS],
            found=in_words(record, ids),
        )
    bad = with_a_region_that_refuses(run, hidden)
    if RESULT in bad.files.irregular or (RESULT in bad.files and "ami-" in bad.files.text(RESULT)):
        fail(
            f"After a release that failed, {RESULT} names AMIs, so somebody would use them.",
            expected="no file, or one that names no AMI",
            found="the AMIs of an earlier release" if left_stale(bad) else "other AMIs",
        )


@check(points=3, needs="test_published", docs="#half")
def test_nothing_stays(run: Run, hidden: Hidden) -> None:
    """If a region fails, release.sh fails, and nothing of the release is left in any region.

    - Take the key away from a region, as the task sheet shows, and run the script. Which AMIs are
      in the other two regions, and what identifies them?
    - What a failed build has left has the name of the release, and no tags yet. Deregistering an
      AMI leaves its snapshots. A call of `aws` is about one region.
    - After each failed build, look in every region for your own AMI of exactly this name, and run
      `aws ec2 deregister-image --image-id ... --delete-associated-snapshots`. End with `exit 1`.
    """
    answer = with_a_region_that_refuses(run, hidden)
    if answer.exit == 0:
        fail(
            f"One region never gets the release, and {SCRIPT} ends with exit code 0.",
            expected="another exit code than 0",
            found="0",
        )
    remains = left(answer.account)
    if remains:
        fail(
            f"One region refuses its copy. After {SCRIPT}, something of this release is left.",
            expected="no AMI and no snapshot of this release in any region",
            found=remains,
        )


@check(points=2, needs="test_published", docs="#again")
def test_second_try(run: Run, hidden: Hidden, submission: Files) -> None:
    """It tries once more under the same number, after it has removed the first try. Then it stops.

    - What is in the way of a second build with the same name? If no build was started: does your
      script count an AMI that belongs to another account?
    - A build can fail after all of its copies are there. Then the name is taken in every region,
      also in the one that has reported the error.
    - Loop over two tries: build, and stop at success; if the build failed, clean up in all three
      regions before the loop goes on.
    """
    answer = with_one_late_failure(run, hidden)
    if answer.exit != 0:  # what Packer says of it depends on which region it had tagged first
        fail(
            f"If only the first try fails, {SCRIPT} does not publish the release.",
            expected="exit code 0 after the second try",
            found=f"exit code {answer.exit}" if started(answer) else "no build was started",
        )
    told = "After a first try that failed when its copies were there, and a second one"
    expect_whole(answer, hidden, submission, told)
    hopeless = with_a_region_that_refuses(run, hidden)
    refused = [
        call
        for call in hopeless.account.calls
        if call.region == WEST and call.error == REFUSED["code"]
    ]
    message = f"If a region refuses its copy each time, {SCRIPT} doesn't try exactly twice."
    expect(tries(len(refused)), tries(2), message)


@check(points=2, needs="test_published", docs="#whose")
def test_earlier(run: Run, hidden: Hidden) -> None:
    """What was there before stays, and a release that is published already is refused.

    - How does your script know that an AMI is one that this run has made?
    - Names that begin alike, equal tags or missing tags prove nothing. Packer asks only in its own
      region whether a name is free.
    - Before the first build, ask in all three regions for your own AMI of exactly this name, and
      `exit 1` if one is there. From then on, whatever has exactly this name is yours.
    """
    expect_kept(with_a_region_that_refuses(run, hidden), hidden, "After a release that failed")
    answer = with_a_name_that_is_taken(run, hidden)
    told = f"After a release that {WEST} already had"
    expect_kept(answer, hidden, told)
    if answer.exit == 0:
        message = f"{told}, {SCRIPT} ends with exit code 0."
        fail(message, expected="another exit code than 0", found="0")


# --- what happens to a release --------------------------------------------------------------------


class Earlier(NamedTuple):
    """An AMI of ours that was there before: its name's end behind `web-RELEASE`, or its name."""

    told: str
    name: str
    tags: dict[str, str]
    regions: tuple[str, ...] = REGIONS


TAKEN = "the AMI that was published under this number"


def number(hidden: Hidden) -> str:
    """The number of the release."""
    return hidden.version("release")


def earlier(hidden: Hidden) -> list[Earlier]:
    """What the account has whatever happens."""
    release, before = number(hidden), hidden.version("before")
    return [
        Earlier("an earlier release", f"web-{before}", {"Service": "web", "Release": before}),
        Earlier("what an earlier try has left", f"web-{release}.1", {}, (HOME, WEST)),
        Earlier("another image of this number", f"db-{release}",
                {"Service": "db", "Release": release}),
        Earlier("an image without tags", f"test-{hidden('test')}", {}, (EAST,)),
    ]  # fmt: skip


def taken(hidden: Hidden) -> Earlier:
    """A release of this number, in a region where Packer doesn't ask."""
    release = number(hidden)
    return Earlier(TAKEN, f"web-{release}", {"Service": "web", "Release": release}, (WEST,))


def release(run: Run, hidden: Hidden, *there: Earlier, **more: Any) -> Answer:
    """What CI does, where the account has `there` besides."""
    images = [
        {"name": each.name, "tags": each.tags, "regions": list(each.regions), "created": "-9h"}
        for each in (*earlier(hidden), *there)
    ]
    account = {"team_image": images, "snapshot": [{"description": "a backup"}], **more}
    script = ["/bin/sh", SCRIPT, number(hidden)]
    return run(script, files={RESULT: STALE}, account=account)


def on_a_good_day(run: Run, hidden: Hidden) -> Answer:
    return release(run, hidden)


def with_a_region_that_refuses(run: Run, hidden: Hidden) -> Answer:
    return release(run, hidden, fault=[REFUSED])


def with_one_late_failure(run: Run, hidden: Hidden) -> Answer:
    return release(run, hidden, image=somebody_elses(hidden), fault=[UNTAGGED])


def with_a_name_that_is_taken(run: Run, hidden: Hidden) -> Answer:
    return release(run, hidden, taken(hidden))


def somebody_elses(hidden: Hidden) -> list[dict[str, Any]]:
    """Canonical's image to build on, and one of another account with the name of ours.

    Not at home: there, Packer 1.6.6 takes everybody's names for ours.
    """
    return [
        {"name": f"{UBUNTU}20240514", "created": "2024-05-14T06:11:20Z"},
        {"name": f"web-{number(hidden)}", "owner": "444455556666", "regions": [EAST]},
    ]


# --- what is there then ---------------------------------------------------------------------------


def made(account: AccountEvidence) -> list[Image]:
    """The AMIs that the run made, and not those that it changed."""
    return [image for image in account.images if not image.about.get("prepared")]


def left(account: AccountEvidence) -> list[str]:
    """What the run has left, in words: AMIs, and snapshots that belong to none of these."""
    images = made(account)
    used = {snapshot for image in images for snapshot in image.snapshots}
    alone = [
        each
        for each in account.all("snapshots")
        if not each.get("prepared") and each["id"] not in used
    ]
    return [
        *sorted(f"an AMI in {image.about['region']}" for image in images),
        *sorted(f"a snapshot in {each['region']}" for each in alone),
    ]


def started(answer: Answer) -> bool:
    """Whether a machine was launched to build on."""
    return bool(answer.account.instances)


def expect_whole(answer: Answer, hidden: Hidden, submission: Files, told: str) -> None:
    """Fail where the release is not in every region as it should be, or is not alone."""
    name = f"web-{number(hidden)}"
    images = made(answer.account)
    for region in REGIONS:
        there = [image for image in images if image.about["region"] == region]
        message = f"{told}, {region} does not have one new AMI, web-RELEASE."
        expect([image.name for image in there], [name], message, no="no AMI")
        expect_image(there[0], region, hidden, submission)
    others = sorted({str(image.about["region"]) for image in images} - {*REGIONS})
    if others:
        fail(f"{told}, further regions have an AMI.", expected=list(REGIONS), found=others)
    expect_nothing_left(answer.account, f"{told}, the script")


def expect_image(image: Image, region: str, hidden: Hidden, submission: Files) -> None:
    """Fail where an AMI is not that of the release: its origin, its tags, its key, its content."""
    whose = f"The AMI in {region}"
    origin = str(image.about["source_region"])
    expect(origin, HOME, f"{whose} was not made or copied from the build in {HOME}.")
    expect_tags(image.tags, {"Service": "web", "Release": number(hidden)}, whose, submission)
    disks = [device for device in image.about["block_devices"] if "snapshot" in device]
    if not all(KEY in device["kms_aliases"] for device in disks):
        keys = {alias for device in disks for alias in device["kms_aliases"]}
        message = f"{whose} is not encrypted with the key {KEY} of its region."
        fail(message, expected=KEY, found=keys or "no key")
    found = image.disk.text(STAMP).strip()
    expect(found, number(hidden), f"{STAMP} in the AMI of {region} has another number.")


def expect_kept(answer: Answer, hidden: Hidden, told: str) -> None:
    """Fail where something that was there before is gone, or was changed."""
    words = {each.name: each.told for each in (*earlier(hidden), taken(hidden))}
    changed = {
        kind: [each for each in answer.account.all(kind) if each.get("prepared")]
        for kind in ("images", "snapshots")
    }
    found = [f"{words.get(each['name'], 'an image')}, {each['region']}"
             for each in changed["images"]]  # fmt: skip
    found = found or [f"a snapshot, {each['region']}" for each in changed["snapshots"]]
    if found:
        message = f"{told}, something that was there before is gone or changed."
        fail(message, expected="everything as it was", found=sorted(found))


def in_words(record: object, ids: dict[str, str]) -> list[str] | str:
    """A record without its ids, which differ from run to run."""
    if not isinstance(record, dict):
        return type(record).__name__
    known = {ami: region for region, ami in ids.items()}
    return [
        f"{key}: {_value(value, known.get(str(value)), key)}"
        for key, value in sorted(record.items())
    ] or "an empty object"


def _value(value: object, of: str | None, region: str) -> str:
    if of:
        return "the id of its AMI" if of == region else f"the id of the AMI in {of}"
    return "another text" if isinstance(value, str) else type(value).__name__


def left_stale(answer: Answer) -> bool:
    return answer.files.bytes(RESULT) == STALE


def tries(count: int) -> str:
    return {0: "no try", 1: "one try", 2: "two tries"}.get(count, f"{count} tries")
