"""An AMI you can find again: the right source, a name of its own, tags that tell its story."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from packerlab.checks import check, fail
from packerlab.report import Where

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from packerlab.evidence.account import AccountEvidence
    from packerlab.hcl.template import Block, Template
    from packerlab.packer.verbs import Answer
    from packerlab.submissions.reader import Files

    Build = Callable[..., Answer]
    Hidden = Callable[[str], str]

CANONICAL = "099720109477"
SERIES = "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-"
HOME, ELSEWHERE = "eu-central-1", "eu-west-1"
NEWEST = {HOME: f"{SERIES}20240612", ELSEWHERE: f"{SERIES}20240701"}
"""Canonical's newest image of the series, as the lab's account has it in two regions."""

PREFIX = "labweb-"
BUILDER = "packer: labweb"
ACCESS_KEY = re.compile(rb"\b(AKIA|ASIA)[A-Z0-9]{16}\b")
CREDENTIALS = ("access_key", "secret_key", "token")
PROGRAM, UNIT = "/usr/sbin/labweb", "/lib/systemd/system/labweb.service"


@check(
    points=1,
    hints=[
        "Whoever can read the template could use what stands in it.",
        "Packer finds credentials by itself, in the environment and in AWS's own files.",
        "Take `access_key`, `secret_key`, `token` and every key out of all files of the workspace.",
    ],
    docs="beginner/105_first_ami#credentials",
)
def test_no_keys(template: Template, submission: Files) -> None:
    """No access key stands in a file."""
    for name, file in sorted(submission.items()):
        found = ACCESS_KEY.search(file.data)
        if found:
            line = file.data.count(b"\n", 0, found.start()) + 1
            fail("A file holds an access key.", where=Where(name, line))
    for block in with_credentials(template):
        for name in CREDENTIALS:
            value = template.attribute(block, name)
            if isinstance(value, str) and value:
                fail(f"The template sets `{name}` to a text of its own.", where=block.place(name))


@check(
    points=1,
    hints=[
        "Packer's complaint names the argument that is missing or wrong. `validate` shows most.",
        "The build needs a source image, a login that this image knows, and a legal `ami_name`.",
        (
            "Describe the source image in a `source_ami_filter` block with `filters`, `owners` and "
            "`most_recent`; keep `ssh_username` and the provisioner of the starter."
        ),
    ],
    docs="beginner/105_first_ami#life",
)
def test_ami(build: Build, hidden: Hidden) -> None:
    """A build leaves one AMI, and labweb is installed in it."""
    disk = built(build, hidden, HOME).image().disk
    program, unit = disk.resolve(PROGRAM), disk.resolve(UNIT)
    if "labweb" not in disk.packages() or program is None or unit is None or program.size == 0:
        fail(
            "labweb is not installed in the image.",
            expected="the package labweb, with its program and its unit",
            found=", ".join(sorted(disk.packages().keys() & {"labweb"})) or "no such package",
        )


@check(
    points=2,
    needs="test_ami",
    hints=[
        "Build twice, with the same inputs. Which part of the AMI's name differs?",
        "A time or a random part makes a name unique. Replacing the older AMI is no way out.",
        (
            "Make the name in a local, of `labweb-` and `formatdate` of `timestamp()`, down to the "
            "second and without colons; leave `force_deregister` alone."
        ),
    ],
    docs="beginner/105_first_ami#names",
)
def test_names(build: Build, hidden: Hidden) -> None:
    """Each build makes an AMI `labweb-...` of its own; the earlier ones stay."""
    inputs = {"team": team(hidden), "region": HOME}
    account = build(inputs).account
    first = account.image()
    if not first.name.startswith(PREFIX):
        fail(
            "The AMI's name has another beginning.",
            expected=f"{PREFIX}...",
            found=shown(first.name),
        )
    account.let_the_second_pass()
    again = build(inputs, nth=2)
    ids = [image.about["id"] for image in again.account.images]
    if first.about["id"] not in ids:
        fail(
            "A second build deletes the AMI of the first.", expected="both AMIs", found="the second"
        )
    if len(ids) != 2:
        fail(
            "A second build with the same inputs makes no second AMI.",
            expected="two AMIs with different names",
            found=again.error[0] if again.exit else f"{len(ids)} AMIs",
        )


@check(
    points=2,
    needs="test_ami",
    hints=[
        "Who may publish an AMI, and who chooses its name? And has every region the same images?",
        (
            "The filter's `owners` says whose images count, `name` which of them, `most_recent` "
            "which one of several. An id or a full name can't be right in every region."
        ),
        (
            "Give the beginning of the name on the task sheet and a `*`, the account of the task "
            "sheet alone in `owners`, and `most_recent = true`; `region` is the variable's."
        ),
    ],
    docs="beginner/105_first_ami#source",
)
def test_source(build: Build, hidden: Hidden) -> None:
    """In each region it starts from Canonical's newest Ubuntu 22.04 server image for amd64."""
    for region, name in NEWEST.items():
        account = built(build, hidden, region)
        account.image(region)
        used = {f"{each['image_name']} of {each['image_owner']}" for each in instances(account)}
        if used != {f"{name} of {CANONICAL}"}:
            fail(
                f"In {region} the build starts from another image.",
                expected=f"{name} of {CANONICAL}",
                found=", ".join(sorted(used)) or "no instance",
            )


@check(
    points=2,
    needs="test_ami",
    hints=[
        "Which argument tags the image itself, and what does a builder know about its source?",
        (
            "`tags` goes to the AMI and its snapshots. In its values, double braces ask the "
            "builder for what it has looked up, such as the id of the source image."
        ),
        (
            "Set Name to the local that is the AMI's name as well, Owner to the variable, and "
            "BaseAMI to the builder's `.SourceAMI` in double braces."
        ),
    ],
    docs="beginner/105_first_ami#tags",
)
def test_tags(build: Build, hidden: Hidden) -> None:
    """The AMI and its snapshot have the tags Name, Owner and BaseAMI, each with its true value."""
    for region in NEWEST:
        account = built(build, hidden, region)
        image = account.image(region)
        base = next((str(each["image"]) for each in instances(account)), "")
        expected = {
            "Name": (image.name, "the AMI's own name"),
            "Owner": (team(hidden), team(hidden)),
            "BaseAMI": (base, "the id of the image that it was made from"),
        }
        expect_tags("The AMI", image.tags, expected)
        used = {device.get("snapshot") for device in image.about["block_devices"]}
        for snapshot in account.all("snapshots"):
            if snapshot["id"] in used:
                expect_tags("The AMI's snapshot", snapshot["tags"], expected)


@check(
    points=1,
    needs="test_ami",
    hints=[
        "A build has died. What tells a colleague what the instance is that it has left?",
        "The instance is tagged by another argument than the image.",
        "`run_tags` is a map like `tags`: Name is the text on the task sheet, Owner the variable.",
    ],
    docs="beginner/105_first_ami#run-tags",
)
def test_run_tags(build: Build, hidden: Hidden) -> None:
    """While it is built, the instance has the tags Name (`packer: labweb`) and Owner."""
    expected = {"Name": (BUILDER, BUILDER), "Owner": (team(hidden), team(hidden))}
    for instance in instances(built(build, hidden, HOME)):
        expect_tags("The instance", instance["tags"], expected)


@check(
    points=1,
    needs="test_ami",
    hints=[
        "What has been started or made for the build, and who ends it?",
        "Packer ends all that it has made by itself. A disk that you ask for follows your word.",
        "In a block for a disk, `delete_on_termination = true` lets it go with its machine.",
    ],
    docs="beginner/105_first_ami#leftovers",
)
def test_nothing_left(build: Build, hidden: Hidden) -> None:
    """Nothing else of the build is left: no instance, disk, key pair or security group."""
    left = built(build, hidden, HOME).leftovers
    if left:
        fail(
            "The build leaves something behind that costs money or opens a door.",
            expected="the AMI and its snapshot alone",
            found=", ".join(left),
        )


# --- what the checks stand on ---------------------------------------------------------------------


def team(hidden: Hidden) -> str:
    """Who looks after the image: a value that no template can hold already."""
    return f"team-{hidden('team')}"


def built(build: Build, hidden: Hidden, region: str) -> AccountEvidence:
    """The account after one build in a region."""
    answer = build({"team": team(hidden), "region": region})
    if answer.exit:
        error, where = answer.error
        found = error or f"exit status {answer.exit}"
        fail(f"`packer build` fails in {region}.", found=found, where=where)
    return answer.account


def instances(account: AccountEvidence) -> list[dict[str, Any]]:
    return account.all("instances")


def with_credentials(template: Template) -> Iterator[Block]:
    """The blocks that may have credentials: sources, also those inside builds, and data sources."""
    yield from template.sources
    yield from template.all("data")
    for build in template.builds:
        yield from build.all("source")


def expect_tags(what: str, tags: dict[str, str], expected: dict[str, tuple[str, str]]) -> None:
    """Fail the check at the first tag that is not as expected: its value, and that in words."""
    for key, (value, in_words) in expected.items():
        found = tags.get(key)
        if found != value:
            fail(
                f"{what} does not have the right tag {key}.",
                expected=f"{key}: {in_words}",
                found=f"no tag {key}" if found is None else f"{key}: {shown(found)}",
            )


def shown(value: str) -> str:
    """A tag or a name, if it can't differ from build to build, as all with digits may."""
    return "another text" if re.search("[0-9]", value) else value
