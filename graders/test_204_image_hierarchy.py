"""Golden base, then the app: a pipeline of two builds, and which image came from which."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from packerlab.checks import check, fail

if TYPE_CHECKING:
    from collections.abc import Callable

    from packerlab.evidence.account import AccountEvidence, Image
    from packerlab.packer.verbs import Answer
    from packerlab.submissions.reader import Files

    Run = Callable[..., Answer]
    Hidden = Callable[[str], str]

PAGE = "intermediate/204_image_hierarchy"
SCRIPT = "pipeline.sh"
BASE, APP = "base", "web"
LABTOOL, LABWEB = "2.0", "1.1"
CANONICAL = "099720109477"
NEWEST = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240514"

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
COMPLAINT = re.compile(r"errored: |^Error|^Usage:")
CHANGING = [
    (re.compile(r" after [0-9][^:.,]{0,40}?seconds?( [0-9]+ \w{0,9}seconds?)*"), ""),
    (re.compile(r"\b([a-z]{1,6})-[0-9a-f]{8,17}\b"), r"\1-..."),
    (re.compile(r"(?i)(request ?id: ?)[\w-]+"), r"\1..."),
    (re.compile(r"(matching filters): .*"), r"\1"),
    (re.compile(r"[0-9]{6,}"), "..."),
]


@check(
    points=2,
    hints=[
        "Which image does the app ask for, and who has ever made it?",
        (
            "No id can be typed in: the base that the app needs does not exist yet. What both "
            "images have to carry is a tag, and a filter can ask for it."
        ),
        (
            'Base: `tags` with `Role = "base"`. App: `tags` with `Role = "web"`, and instead of '
            "`source_ami` a `source_ami_filter` on `tag:Role`, with your own account as owner."
        ),
    ],
    docs=f"{PAGE}#by-tag",
)
def test_two_images(run: Run, submission: Files) -> None:
    """`sh pipeline.sh` leaves one new AMI with the tag Role=base and one with Role=web."""
    if SCRIPT not in submission:
        fail(f"There is no {SCRIPT} at the top of your folder.", expected=SCRIPT)
    made_by(release(run))


@check(
    points=1,
    needs="test_two_images",
    hints=[
        "What does every image of the team share, and what belongs to the app alone?",
        "The starter's base is built as it should be; compare yours with it.",
        "labtool is installed by the base's provisioner, in the version of its variable.",
    ],
    docs=f"{PAGE}#layers",
)
def test_base(run: Run) -> None:
    """The base is made from Canonical's newest Ubuntu 22.04, and has labtool but no labweb."""
    account = release(run).account
    base = made_by(release(run)).base
    if source_of(base) != (CANONICAL, NEWEST):
        fail(
            "The base is made from another image.",
            expected=f"{NEWEST} of {CANONICAL}",
            found=origin(account, base),
        )
    expect_package(base, "The base", "labtool", LABTOOL)
    if "labweb" in base.disk.packages():
        fail("The base has labweb, which belongs to the app alone.", found="labweb in the base")


@check(
    points=2,
    needs="test_two_images",
    hints=[
        "At the moment when the app's build begins: which image fits, and is the newest?",
        (
            "Builds of one `packer build` start at the same moment: the app finds what was there "
            "before. And of several images that fit, Packer takes the newest, whosever it is."
        ),
        (
            "Let pipeline.sh call Packer twice: the second call begins when the first has ended. "
            "`-only` chooses what a call builds."
        ),
    ],
    docs=f"{PAGE}#two-calls",
)
def test_app(run: Run) -> None:
    """The app is built on the base that the same run has made, and adds labweb."""
    account = release(run).account
    made = made_by(release(run))
    if not is_made_from(made.app, made.base):
        fail(
            "The app is not built on the base of this run.",
            expected="the AMI that this run made with Role=base",
            found=origin(account, made.app),
        )
    expect_package(made.app, "The app", "labweb", LABWEB)


@check(
    points=1,
    needs="test_two_images",
    hints=[
        "Somebody asks in a year: which base is in this image? Where would they look?",
        "Only the build knows which image the filter found; it can tell the tags.",
        "In `tags`, `{{ .SourceAMI }}` is the id of the image that the build started from.",
    ],
    docs=f"{PAGE}#lineage",
)
def test_lineage(run: Run) -> None:
    """The tag BaseAMI of each image is the id of the AMI that it was made from."""
    account = release(run).account
    for image in made_by(release(run)):
        told = image.tags.get("BaseAMI", "no such tag")
        if told != source_id(account, image):
            fail(
                f"The tag BaseAMI of the AMI with Role={image.tags['Role']} does not name the AMI "
                "that it was made from.",
                expected="the id of its source image",
                found="the id of another AMI" if told.startswith("ami-") else steady(told),
            )


@check(
    points=2,
    needs="test_app",
    hints=[
        "The account holds what the first run made. What does the second meet, make and destroy?",
        "An AMI's name can be had once; and nobody may lose the image that runs in production.",
        "Give both names a part that differs with each build, and don't force anything.",
    ],
    docs=f"{PAGE}#again",
)
def test_again(run: Run) -> None:
    """A second run makes a new base and a new app on it, and keeps those of the first run."""
    first = release(run).account
    before = frozenset(image.about["id"] for image in new_images(first))
    second = release(run, 2)
    kept = before & {image.about["id"] for image in new_images(second.account)}
    if kept != before:
        fail(
            "The second run deletes images of the first.",
            expected="all AMIs of the first run",
            found=f"{len(kept)} of {len(before)}",
        )
    made = made_by(second, before, "The second run")
    if not is_made_from(made.app, made.base):
        fail(
            "The second run does not build its app on its own base.",
            expected="the AMI that the second run made with Role=base",
            found=origin(second.account, made.app),
        )


@check(
    points=2,
    needs="test_two_images",
    hints=[
        "What does your script do when its first call of Packer ends with exit code 1?",
        (
            "A shell script goes on after a failed command, and a pipe ends like its last part. "
            "The app then finds last year's base, and the pipeline is green."
        ),
        "`set -e` at the top stops the script at the first call that fails: one call per image.",
    ],
    docs=f"{PAGE}#stop",
)
def test_stops(run: Run, hidden: Hidden) -> None:
    """When the base can't be built, the pipeline fails, makes no AMI and leaves nothing behind."""
    answer = release(run, labtool=f"9.{hidden('labtool')}")
    told = f"With a version of labtool that does not exist, {SCRIPT}"
    roles = [image.tags.get("Role", "no Role") for image in new_images(answer.account)]
    if roles:
        fail(f"{told} still makes an AMI.", expected="none", found=", ".join(sorted(roles)))
    if answer.exit == 0:
        fail(f"{told} ends with exit code 0.", expected="another exit code", found="0")
    if answer.account.leftovers:
        found = ", ".join(answer.account.leftovers)
        fail(f"{told} leaves something behind.", expected="nothing", found=found)


# --- what the checks stand on ---------------------------------------------------------------------


class Made(NamedTuple):
    """What one run of the pipeline is for."""

    base: Image
    app: Image


def release(run: Run, nth: int = 1, labtool: str = LABTOOL) -> Answer:
    """The pipeline as CI calls it: the versions are in its environment."""
    versions = [f"PKR_VAR_labtool={labtool}", f"PKR_VAR_labweb={LABWEB}"]
    return run(["/usr/bin/env", *versions, "/bin/sh", SCRIPT], nth=nth)


def new_images(account: AccountEvidence) -> list[Image]:
    """The AMIs that the learner's builds made."""
    return [image for image in account.images if not image.about.get("prepared")]


def made_by(
    answer: Answer, before: frozenset[str] = frozenset(), told: str = f"`sh {SCRIPT}`"
) -> Made:
    """The two AMIs that a run made; fails the check where it did not end well or lacks one."""
    if answer.exit != 0:
        message = f"{told} ends with exit code {answer.exit}."
        fail(message, expected="exit code 0", found=complaint(answer))
    new = [image for image in new_images(answer.account) if image.about["id"] not in before]
    roles = sorted(image.tags.get("Role", "no Role") for image in new)
    found = []
    for role in (BASE, APP):
        fitting = [image for image in new if image.tags.get("Role") == role]
        if len(fitting) != 1:
            fail(
                f"{told} does not leave one new AMI with the tag Role={role}.",
                expected=f"Role={BASE} and Role={APP}",
                found=", ".join(f"Role={role}" if role != "no Role" else role for role in roles)
                or "no new AMI",
            )
        found += fitting
    return Made(*found)


def source_of(image: Image) -> tuple[str, str]:
    """Owner and name of the AMI that an image was made from: in a region no two have both."""
    return image.about["source_owner"], image.about["source_name"]


def source_id(account: AccountEvidence, image: Image) -> str:
    """The id of that AMI, which its instance was started from."""
    for instance in account.all("instances"):
        if (instance["image_owner"], instance["image_name"]) == source_of(image):
            return str(instance["image"])
    return fail(f"The AMI with Role={image.tags['Role']} was not made from an instance.")


def is_made_from(image: Image, source: Image) -> bool:
    return source_of(image) == (source.about["owner"], source.name)


def origin(account: AccountEvidence, image: Image) -> str:
    """Which AMI an image was made from, in words that are the same each time."""
    for own in new_images(account):
        if is_made_from(image, own):
            return f"an earlier AMI of yours with Role={own.tags.get('Role', '')}"
    owner, name = source_of(image)
    return f"{name} of {owner}"


def expect_package(image: Image, what: str, name: str, version: str) -> None:
    """Fail where an image does not have a package in the version that CI asked for."""
    found = image.disk.packages().get(name)
    if found != version:
        fail(
            f"{what} does not have the {name} that CI asked for.",
            expected=f"{name} {version}",
            found=f"{name} {found}" if found else f"no {name}",
        )


def complaint(answer: Answer) -> str:
    """The errors that Packer tells, without what differs from run to run; else the last words."""
    lines = [steady(line.strip()) for line in COLOUR.sub("", answer.text).splitlines()]
    errors = [line for line in lines if COMPLAINT.search(line)]
    return "\n".join(list(dict.fromkeys(errors))[:4] or lines[-3:]) or "no output"


def steady(text: str) -> str:
    """The text without ids, times and durations."""
    for changing, fixed in CHANGING:
        text = changing.sub(fixed, text)
    return text[:300]
