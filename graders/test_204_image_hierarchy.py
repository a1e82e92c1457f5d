"""Golden base, then the app: a pipeline of two builds, and which image came from which."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packerlab.grader import (
    CANONICAL,
    TEMPLATE_SUFFIXES,
    UBUNTU,
    check,
    expect_exit,
    expect_looked_up,
    expect_nothing_left,
    expect_package,
    fail,
    itself,
    source_of,
    steady,
)

if TYPE_CHECKING:
    from packerlab.grader import (
        AccountEvidence,
        Answer,
        Block,
        Files,
        Hidden,
        Image,
        Run,
        Template,
    )


SCRIPT = "pipeline.sh"
BASE, APP = "base", "web"
LABTOOL, LABWEB = "2.0", "1.1"
NEWEST = f"{UBUNTU}20240514"


@check(points=2, docs="#by-tag")
def test_two_images(run: Run, submission: Files) -> None:
    """`sh pipeline.sh` leaves one new AMI with the tag Role=base and one with Role=web.

    - Which image does the app ask for, and who has ever made it?
    - No id can be typed in: the base that the app needs does not exist yet. What both images have
      to carry is a tag, and a filter can ask for it.
    - Base: `tags` with `Role = "base"`. App: `tags` with `Role = "web"`, and instead of
      `source_ami` a `source_ami_filter` on `tag:Role`, with your own account as owner.
    """
    if SCRIPT not in submission:
        fail(f"There is no {SCRIPT} at the top of your folder.", expected=SCRIPT)
    made_by(release(run))


@check(points=1, needs="test_two_images", docs="#layers")
def test_base(run: Run) -> None:
    """The base is made from Canonical's newest Ubuntu 22.04, and has labtool but no labweb.

    - What does every image of the team share, and what belongs to the app alone?
    - The starter's base is built as it should be; compare yours with it.
    - labtool is installed by the base's provisioner, in the version of its variable.
    """
    account = release(run).account
    base = made_by(release(run)).base
    expect_origin(account, base, f"{NEWEST} of {CANONICAL}", "The base is made from another image.")
    expect_looked_up(account, CANONICAL)
    expect_package(base.disk, "labtool", "in the base", LABTOOL)
    if "labweb" in base.disk.packages():
        fail("The base has labweb, which belongs to the app alone.", found="labweb in the base")


@check(points=2, needs="test_two_images", docs="#two-calls")
def test_app(template: Template, submission: Files, run: Run) -> None:
    """The app is built on the base that the same run has made, and adds labweb.

    - At the moment when the app's build begins: which image fits, and is the newest?
    - Builds of one `packer build` start at the same moment: the app finds what was there before.
      And of several images that fit, Packer takes the newest, no matter who owns it.
    - Let pipeline.sh call Packer twice: the second call begins when the first has ended. `-only`
      chooses what a call builds.
    """
    account = release(run).account
    made = made_by(release(run))
    if not is_made_from(made.app, made.base):
        fail(
            "The app is not built on the base of this run.",
            expected="the AMI that this run made with Role=base",
            found=origin(account, made.app),
        )
    expect_package(made.app.disk, "labweb", "in the app", LABWEB)
    beside = all("/" not in name for name in submission if name.endswith(TEMPLATE_SUFFIXES))
    if beside and not any(asks_for(block, "labweb") for block in template.blocks):
        fail("Nothing in the templates asks for the variable labweb.", expected="var.labweb")


@check(points=1, needs="test_two_images", docs="#lineage")
def test_lineage(run: Run, submission: Files) -> None:
    """The tag BaseAMI of each image is the id of the AMI that it was made from.

    - In a year, somebody asks which base is in this image. Where would they look?
    - Only the build knows which image the filter found, and it can write that into the tags.
    - In `tags`, `{{ .SourceAMI }}` is the id of the image that the build started from.
    """
    account = release(run).account
    for image in made_by(release(run)):
        told = image.tags.get("BaseAMI", "no such tag")
        if told != source_id(account, image):
            fail(
                f"The tag BaseAMI of the AMI with Role={image.tags['Role']} does not name the AMI "
                "that it was made from.",
                expected="the id of its source image",
                found="the id of another AMI"
                if told.startswith("ami-")
                else steady(told, submission),
            )


@check(points=2, needs="test_app", docs="#again")
def test_again(run: Run) -> None:
    """A second run makes a new base and a new app on it, and keeps those of the first run.

    - The account contains what the first run made. What does the second find, make and delete?
    - An AMI's name can be used only once, and nobody may delete the image that runs in production.
    - Give both names a part that differs with each build, and don't force anything.
    """
    first = release(run).account
    before = frozenset(image.id for image in new_images(first))
    second = release(run, 2)
    kept = before & {image.id for image in new_images(second.account)}
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


@check(points=2, needs="test_two_images", docs="#stop")
def test_stops(run: Run, hidden: Hidden) -> None:
    """When the base can't be built, the pipeline fails, makes no AMI and leaves nothing behind.

    - What does your script do when its first call of Packer ends with exit code 1?
    - A shell script continues after a failed command, and a pipe has the exit code of its last
      command. The app then finds last year's base, but the pipeline succeeds.
    - `set -e` at the top stops the script at the first call that fails. Use one call per image.
    """
    answer = release(run, labtool=f"9.{hidden('labtool')}")
    told = f"With a version of labtool that does not exist, {SCRIPT}"
    roles = [image.tags.get("Role", "no Role") for image in new_images(answer.account)]
    if roles:
        fail(f"{told} still makes an AMI.", expected="none", found=", ".join(sorted(roles)))
    if answer.exit == 0:
        fail(f"{told} ends with exit code 0.", expected="another exit code", found="0")
    expect_nothing_left(answer.account, told)


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
    expect_exit(answer, told)
    new = [image for image in new_images(answer.account) if image.id not in before]
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


def asks_for(block: Block, variable: str) -> bool:
    """Whether an argument of a block, or of one inside it, refers to a variable."""
    own = any(("var", variable) in each.references for each in block.attributes.values())
    return own or any(asks_for(inner, variable) for inner in block.blocks)


def source_id(account: AccountEvidence, image: Image) -> str:
    """The id of that AMI, which its instance was started from."""
    for instance in account.instances:
        if f"{instance['image_name']} of {instance['image_owner']}" == source_of(image):
            return str(instance["image"])
    return fail(f"The AMI with Role={image.tags['Role']} was not made from an instance.")


def is_made_from(image: Image, source: Image) -> bool:
    return source_of(image) == itself(source)


def origin(account: AccountEvidence, image: Image) -> str:
    """Which AMI an image was made from, in words that are the same each time."""
    for own in new_images(account):
        if is_made_from(image, own):
            return f"an earlier AMI of yours with Role={own.tags.get('Role', '')}"
    return source_of(image)


def expect_origin(account: AccountEvidence, image: Image, expected: str, message: str) -> None:
    """Fail where an image was made from another AMI, whichever that is."""
    if source_of(image) != expected:
        fail(message, expected="the newest of Canonical's", found=origin(account, image))
