"""Environments: one template, a file of values for each, and the same content for all."""

from __future__ import annotations

import fnmatch
import re
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from packerlab.checks import check, fail
from packerlab.report import Where
from packerlab.submissions.reader import TEMPLATE_SUFFIXES
from packerlab.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from packerlab.evidence.account import Image
    from packerlab.evidence.disk import Disk, Entry
    from packerlab.packer.verbs import Answer
    from packerlab.submissions.reader import Files

    Build = Callable[..., Answer]

PAGE = "intermediate/201_environments"


class Environment(NamedTuple):
    """A column of the task sheet's table."""

    region: str
    instance_type: str
    encrypted: bool


ENVIRONMENTS = {
    "dev": Environment("eu-north-1", "t3.micro", encrypted=False),
    "stage": Environment("eu-central-1", "t3.small", encrypted=False),
    "prod": Environment("eu-central-1", "m5.large", encrypted=True),
}
TRIED = Environment("us-west-2", "c5.large", encrypted=True)
"""What a colleague tries with dev's file; no environment has all of it."""

RELEASE, NEXT_RELEASE = "1.0", "1.1"
SOURCE = (
    "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240514 of 099720109477"  # Canonical
)
CONF = "/etc/labweb/app.conf"
SETTINGS = "greeting = Good day, port = 9090"
TOKEN = b"lwm-5e0b7c91d24fa386"

OF_THE_MACHINE = (
    "/etc/machine-id", "/etc/shadow*", "/etc/ssh/ssh_host_*", "*/.ssh/authorized_keys",
    "/run/*", "/tmp/*", "/var/cache/*", "/var/log/*",  # noqa: S108
    "/var/lib/apt/lists/*", "/var/lib/cloud/*",
)  # fmt: skip
"""What differs from machine to machine, or from day to day, whatever a template does."""

CHANGING = re.compile(r"(?<=tmp\.)\w+|\d{4,}")
"""Parts of names that may be other ones in each run: mktemp's, and times."""


@check(
    points=1,
    hints=[
        "A colleague adds a step to the image. How many files must be changed?",
        "`packer build .` reads the template files at the top; all others are only in the way.",
        "When their content is in the one template, delete the folders dev, stage and prod.",
    ],
    docs=f"{PAGE}#copies",
)
def test_one_template(submission: Files) -> None:
    """The copies are gone: no template file lies below a folder."""
    copies = sorted(name for name in submission if "/" in name and name.endswith(TEMPLATE_SUFFIXES))
    if copies:
        fail(
            "There is more than the one template at the top.",
            expected="no template file in a folder",
            found=", ".join(visible(name) for name in copies[:8]),
            where=Where(copies[0], 1),
        )


@check(
    points=1,
    hints=[
        "Does everything that only prod has belong into a file that everybody may read?",
        "A file with values is committed like the template: a token that moves there is as public.",
        "The machines fetch the token themselves: take it out of all files, whatever their names.",
    ],
    docs=f"{PAGE}#not-in-a-file",
)
def test_no_token(submission: Files) -> None:
    """The metrics token stands in no file."""
    for name, file in sorted(submission.items()):
        if TOKEN in file.data:
            line = file.data[: file.data.index(TOKEN)].count(b"\n") + 1
            fail("A file holds prod's metrics token.", where=Where(name, line))


@check(
    points=2,
    hints=[
        "Run `packer validate` with each of the three files. Which value does it miss?",
        "Each file gives the four variables of the table; the source and its tags use them.",
        (
            "Declare the four variables at the top, write `NAME = VALUE` into the files in `env`, "
            "and have `region` and the tag `Environment` ask `var.NAME`."
        ),
    ],
    docs=f"{PAGE}#values-apart",
)
def test_environments(build: Build, submission: Files) -> None:
    """With each environment's file a build leaves one AMI, in its region and with its tag."""
    for name, expected in ENVIRONMENTS.items():
        image, _ = built(build, submission, name)
        if image.about["region"] != expected.region:
            fail(
                f"The AMI of {name} is in another region.",
                expected=expected.region,
                found=image.about["region"],
            )
        expect_tag(image, name, f"The AMI of {name}")


@check(
    points=1,
    needs="test_environments",
    hints=[
        "Compare the table with what each build asks for. Which row has no effect yet?",
        "The machine that builds is `instance_type`; an argument of the source encrypts the AMI.",
        "Hand `var.instance_type` and `var.encrypted` (to `encrypt_boot`, say) to the source.",
    ],
    docs=f"{PAGE}#parameters",
)
def test_parameters(build: Build, submission: Files) -> None:
    """It is built on the environment's instance type, and encrypted in prod alone."""
    for name, expected in ENVIRONMENTS.items():
        image, types = built(build, submission, name)
        expect_machine(types, expected, f"The AMI of {name}")
        expect_encryption(image, expected, f"The AMI of {name}")


@check(
    points=2,
    needs="test_environments",
    hints=[
        "Each copy has a mistake that the two others don't have. Look at one step in all three.",
        "Base image, version, configuration, service: none of them depends on the environment.",
        (
            "Name the source image in full, install `labweb=` and the variable's value, put "
            "files/app.conf in its place, and enable the service."
        ),
    ],
    docs=f"{PAGE}#pinned",
)
def test_content(build: Build, submission: Files) -> None:
    """Each starts from the tested image, and has labweb as asked for, configured and enabled."""
    for name in ENVIRONMENTS:
        image, _ = built(build, submission, name)
        found = f"{image.about['source_name']} of {image.about['source_owner']}"
        if found != SOURCE:
            fail(f"The AMI of {name} starts from another image.", expected=SOURCE, found=found)
        expect_release(image.disk, RELEASE, name)
        if settings(image.disk) != SETTINGS:
            fail(
                f"{CONF} in the AMI of {name} does not have the settings of files/app.conf.",
                expected=SETTINGS,
                found=visible(settings(image.disk)) or "no settings",
            )
        unit = image.disk.unit("labweb.service")
        if unit != "enabled":
            fail(f"In the AMI of {name} labweb does not start at boot.", expected="enabled",
                 found=unit)  # fmt: skip


@check(
    points=1,
    needs="test_environments",
    hints=[
        "Could you tell from the disk alone for which environment it was made?",
        "Who has tested stage's image has not tested prod's, if a single file is another one.",
        (
            "Let no provisioner ask for the environment, nor for the time: both belong into tags. "
            "The task sheet says where a machine learns its environment."
        ),
    ],
    docs=f"{PAGE}#same-content",
)
def test_same(build: Build, submission: Files) -> None:
    """The three images hold the same files: nothing in them tells the environment."""
    first, *others = ENVIRONMENTS
    reference = held(built(build, submission, first)[0].disk)
    for name in others:
        other = held(built(build, submission, name)[0].disk)
        paths = sorted(reference.keys() | other.keys())
        different = [path for path in paths if reference.get(path) != other.get(path)]
        if different:
            shown = sorted({CHANGING.sub("...", path) for path in innermost(different)})
            fail(
                f"The images of {first} and {name} do not hold the same files.",
                expected="the same files, byte for byte",
                found=f"different: {', '.join(shown[:8])}",
            )


@check(
    points=1,
    needs="test_environments",
    hints=[
        "Build dev with `-var encrypted=true`. Is the AMI encrypted, and is it still dev's?",
        "Where a template asks `var.environment == ...`, a value that is given has no effect.",
        "Hand each variable to its argument as it is, and `labweb` to the installation.",
    ],
    docs=f"{PAGE}#no-questions",
)
def test_trial(build: Build, submission: Files) -> None:
    """With dev's file and another value by `-var`, that value counts, and all else is dev's."""
    given = {
        "region": TRIED.region,
        "instance_type": TRIED.instance_type,
        "encrypted": "true",
        "labweb": NEXT_RELEASE,
    }
    told = "The AMI of a trial with dev's file"
    image, types = built(build, submission, "dev", given)
    if image.about["region"] != TRIED.region:
        fail(f"{told} and `-var region={TRIED.region}` is in another region.",
             expected=TRIED.region, found=image.about["region"])  # fmt: skip
    expect_machine(types, TRIED, told)
    expect_encryption(image, TRIED, told)
    expect_tag(image, "dev", told)
    expect_release(image.disk, NEXT_RELEASE, "a trial")


@check(
    points=1,
    needs="test_environments",
    hints=[
        "Somebody forgets `-var-file`. For which environment is the image then?",
        "A default answers for everybody who has forgotten to say something.",
        "Declare `environment` without a default, and let no file give it by itself.",
    ],
    docs=f"{PAGE}#no-default",
)
def test_no_default(build: Build) -> None:
    """Without an environment's file the build fails, and no machine is started."""
    answer = build({"labweb": RELEASE})
    started = answer.account.all("instances")
    if started:
        fail(
            "Without an environment's file there is a build all the same.",
            expected="a build that fails before a machine is started",
            found=", ".join(sorted({f"{each['type']} in {each['region']}" for each in started})),
        )
    if answer.exit == 0:
        fail("Without an environment's file the build ends well.", expected="a build that fails")


# --- what the checks stand on ---------------------------------------------------------------------


def values_file(submission: Files, name: str) -> str:
    """The environment's file, in HCL or in JSON."""
    names = [f"env/{name}.pkrvars.hcl", f"env/{name}.pkrvars.json"]
    there = [each for each in names if each in submission]
    if not there:
        found = [visible(each) for each in submission if "pkrvars" in each]
        fail(f"There is no file with the values of {name}.", expected=names[0],
             found=", ".join(sorted(found)) or "no such file")  # fmt: skip
    return there[0]


def built(
    build: Build, submission: Files, name: str, given: dict[str, str] | None = None
) -> tuple[Image, set[str]]:
    """The one AMI that a build with an environment's file leaves, and the machines' types."""
    file = values_file(submission, name)
    answer = build({"labweb": RELEASE, **(given or {})}, args=[f"-var-file={file}"])
    if answer.exit:
        error, where = answer.error
        further = "".join(f" -var {key}=..." for key in given or {} if key != "labweb")
        fail(f"`packer build -var-file={file} -var labweb=...{further} .` fails.",
             found=error or f"exit status {answer.exit}", where=where)  # fmt: skip
    images = answer.account.images
    if len(images) != 1:
        regions = ", ".join(sorted(image.about["region"] for image in images))
        fail(f"A build with {file} does not leave one AMI.", expected="one AMI",
             found=f"{len(images)} AMIs: {regions}" if images else "none")  # fmt: skip
    return images[0], {each["type"] for each in answer.account.all("instances")}


def expect_tag(image: Image, name: str, told: str) -> None:
    found = image.tags.get("Environment")
    if found != name:
        shown = "no such tag" if found is None else f"Environment: {visible(found)}"
        fail(f"{told} has another tag Environment.", expected=f"Environment: {name}", found=shown)


def expect_machine(types: set[str], expected: Environment, told: str) -> None:
    if types != {expected.instance_type}:
        fail(f"{told} is built on another machine.", expected=expected.instance_type,
             found=", ".join(sorted(types)) or "none")  # fmt: skip


def expect_encryption(image: Image, expected: Environment, told: str) -> None:
    """All disks are encrypted, or none is."""
    devices = [device for device in image.about["block_devices"] if "snapshot" in device]
    words = {True: "encrypted", False: "not encrypted"}
    for device in devices:
        if device["encrypted"] != expected.encrypted:
            found = words[device["encrypted"]]
            fail(f"{told} is {found}.", expected=words[expected.encrypted], found=found)


def expect_release(disk: Disk, release: str, name: str) -> None:
    """Labweb is there in this version, as dpkg and the program itself tell it."""
    found = disk.packages().get("labweb", "")
    program = disk.resolve("/usr/sbin/labweb")
    itself = f"$VERSION = '{release}'".encode() in ((program and program.content) or b"")
    if found != release or not itself:
        fail(
            f"The AMI of {name} does not have the version of labweb that was asked for.",
            expected=f"labweb {release}",
            found=f"labweb {visible(found)}" if found else "no labweb",
        )


def settings(disk: Disk) -> str:
    """What labweb reads in its file: of a repeated setting the last one counts."""
    parts = (line.partition("=") for line in disk.text(CONF).split("\n"))
    read = {name.strip(): value.strip() for name, sign, value in parts if sign}
    return ", ".join(sorted(f"{name} = {value}" for name, value in read.items()
                            if re.fullmatch(r"\w+", name)))  # fmt: skip


def held(disk: Disk) -> dict[str, tuple[object, ...]]:
    """What a disk holds that the base does not, by path, without what is the machine's own."""
    paths = [*disk.changed(), *disk.removed()]
    return {
        visible(path): content(disk.at(path))
        for path in paths
        if not any(fnmatch.fnmatchcase(path, pattern) for pattern in OF_THE_MACHINE)
    }


def innermost(paths: list[str]) -> list[str]:
    """Sorted paths without the folders in which the next one lies."""
    return [path for path, after in pairwise([*paths, ""]) if not after.startswith(f"{path}/")]


def content(entry: Entry | None) -> tuple[object, ...]:
    """What is compared of an entry; nothing where it is gone."""
    if entry is None:
        return ()
    size = entry.size if entry.kind == "file" else 0
    about = (entry.kind, entry.mode, entry.owner, entry.group)
    return (*about, size, entry.target, entry.content)
