"""An AMI you can find again: the right source, a name of its own, tags that tell its story."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packerlab.grader import (
    CANONICAL,
    HOME,
    UBUNTU,
    Tag,
    access_key_in,
    check,
    comes_again,
    expect_looked_up,
    expect_nothing_left,
    expect_package,
    expect_second,
    expect_tags,
    fail,
    place_of,
    reachable,
    sources_in_use,
    steady,
    time_formats,
)

if TYPE_CHECKING:
    from packerlab.grader import AccountEvidence, Build, Console, Files, Hidden, Template

NEWEST = {HOME: f"{UBUNTU}20240612", "eu-west-1": f"{UBUNTU}20240701"}
"""Canonical's newest image of the series, as the lab's account has it in two regions."""


@check(points=1, docs="#credentials")
def test_no_keys(template: Template, submission: Files) -> None:
    """No file contains an access key.

    - What can anyone who reads your template do with the keys in it?
    - Packer finds credentials by itself, in environment variables and in AWS's own files.
    - Remove `access_key`, `secret_key` and `token`, and every key, from all files of the workspace.
    """
    if where := access_key_in(submission):
        fail("A file contains an access key.", where=where)
    inner = [source for build in template.builds for source in build.all("source")]
    for block in [*template.sources, *template.all("data"), *inner]:
        for name in ("access_key", "secret_key", "token"):
            value = template.attribute(block, name)
            if isinstance(value, str) and value:
                fail(f"The template contains a value for `{name}`.", where=block.place(name))


@check(points=1, docs="#life")
def test_ami(build: Build, hidden: Hidden) -> None:
    """A build leaves one AMI, and labweb is installed in it.

    - Which argument does Packer's error message name? `packer validate` finds most mistakes.
    - The build needs a source image, a user who can log in to it, and a valid `ami_name`.
    - Describe the source image in a `source_ami_filter` block with `filters`, `owners` and
      `most_recent`; keep `ssh_username` and the provisioner of the starter.
    """
    expect_package(built(build, hidden, HOME).image().disk, "labweb", "in the AMI")


@check(points=2, needs="test_ami", docs="#names")
def test_names(
    template: Template, build: Build, console: Console, hidden: Hidden, submission: Files
) -> None:
    """Each build makes a new AMI named `labweb-...`, and the earlier ones stay.

    - If you build twice with the same inputs, which part of the AMI's name differs?
    - A time or a random part makes a name unique. Replacing the older AMI is not a solution.
    - Compute the name in a local, from `labweb-` and `formatdate` of `timestamp()`, down to the
      second and without colons. Don't use `force_deregister`.
    """
    first = built(build, hidden, HOME)
    name = first.image().name
    if not name.startswith("labweb-"):
        message = "The AMI's name does not begin with `labweb-`."
        fail(message, expected="labweb-...", found=steady(name, submission))
    expect_lasting(template, console)
    first.let_the_second_pass()
    expect_second(first, build(inputs(hidden, HOME), nth=2))


@check(points=2, needs="test_ami", docs="#source")
def test_source(build: Build, hidden: Hidden) -> None:
    """In each region it starts from Canonical's newest Ubuntu 22.04 server image for amd64.

    - Who can publish an AMI under this name? And does every region have the same images?
    - In the filter, `owners` says whose images to search, `name` which of them match, and
      `most_recent` takes the newest. An id or a full name can't be right in every region.
    - Set `name` to the beginning on the task sheet and a `*`, `owners` to the account on the task
      sheet and no other, `most_recent` to true, and `region` to the variable.
    """
    for region, name in NEWEST.items():
        account = built(build, hidden, region)
        account.image(region)
        used = {f"{each['image_name']} of {each['image_owner']}" for each in account.instances}
        if used != {f"{name} of {CANONICAL}"}:
            fail(
                f"In {region}, the build starts from the wrong image.",
                expected=f"the newest that {CANONICAL} offers as {UBUNTU}*",
                found=used or "no instance",
            )
        expect_looked_up(account, CANONICAL)


@check(points=2, needs="test_ami", docs="#tags")
def test_tags(build: Build, hidden: Hidden, submission: Files) -> None:
    """The AMI and its snapshot have the tags Name, Owner and BaseAMI, each with its true value.

    - Which argument of the source tags the AMI, and what does the builder know about the source
      image?
    - `tags` is for the AMI and its snapshots. In its values, the builder replaces what is in double
      braces with what it has looked up, such as the id of the source image.
    - Set Name to the local that `ami_name` uses too, Owner to the variable, and BaseAMI to the
      builder's `.SourceAMI` in double braces.
    """
    for region in NEWEST:
        account = built(build, hidden, region)
        image = account.image(region)
        base = next((str(each["image"]) for each in account.instances), "")
        expected: dict[str, str | Tag] = {
            "Name": Tag(image.name, "the AMI's own name"),
            "Owner": team(hidden),
            "BaseAMI": Tag(base, "the id of the image that it was made from"),
        }
        expect_tags(image.tags, expected, "The AMI", submission)
        for snapshot in account.all("snapshots"):
            if snapshot["id"] in image.snapshots:
                expect_tags(snapshot["tags"], expected, "The AMI's snapshot", submission)


@check(points=1, needs="test_ami", docs="#run-tags")
def test_run_tags(build: Build, hidden: Hidden, submission: Files) -> None:
    """While it is built, the instance has the tags Name (`packer: labweb`) and Owner.

    - If a build is killed and its instance keeps running, how can a colleague tell what it is?
    - The instance gets its tags from a different argument than the AMI.
    - `run_tags` is a map like `tags`. Set Name to the text on the task sheet, and Owner to the
      variable.
    """
    expected = {"Name": "packer: labweb", "Owner": team(hidden)}
    for instance in built(build, hidden, HOME).instances:
        expect_tags(instance["tags"], expected, "The instance", submission)


@check(points=1, needs="test_ami", docs="#leftovers")
def test_nothing_left(build: Build, hidden: Hidden) -> None:
    """Nothing else of the build is left: no instance, disk, key pair or security group.

    - What did Packer create for the build, and what deletes each of these things?
    - Packer deletes what it created by itself. A disk that you define stays unless you say
      otherwise.
    - In the block of a disk, `delete_on_termination = true` deletes the disk with its instance.
    """
    expect_nothing_left(built(build, hidden, HOME), "The build")


# --- what the checks stand on ---------------------------------------------------------------------


def expect_lasting(template: Template, console: Console) -> None:
    """Fail where the name is made of a time that comes again, and of nothing else that differs."""
    for blocks in sources_in_use(template, "amazon-ebs"):
        names = [block.attributes["ami_name"] for block in blocks if "ami_name" in block.attributes]
        parts = list(reachable(template, names[:1]))
        calls = [part.value for part in parts if part.kind == "call"]
        formats = time_formats(template, names[:1])
        others = set(calls) & {"uuidv4", "uuidv5"} or calls.count("timestamp") > len(formats)
        if not formats or others or any("{{" in str(part.value) for part in parts):
            continue
        if again := comes_again(console, formats):
            fail(
                f"The time in the AMI's name repeats: it is the same in the next {again}.",
                expected="a time that never repeats",
                found=" and ".join(formats),
                where=place_of(blocks, "ami_name"),
            )


def inputs(hidden: Hidden, region: str) -> dict[str, str]:
    """The variables of the task sheet, with a team that no template can hold already."""
    return {"team": team(hidden), "region": region}


def team(hidden: Hidden) -> str:
    """A name with all that a tag can hold, and that a template may not change."""
    return f"{hidden.person('team')} Jr."


def built(build: Build, hidden: Hidden, region: str) -> AccountEvidence:
    """The account after one build in a region."""
    answer = build(inputs(hidden, region))
    answer.expect_success()
    return answer.account
