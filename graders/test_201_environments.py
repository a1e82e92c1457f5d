"""Environments: one template, a file of values for each, and the same content for all."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from packerlab.grader import (
    CANONICAL,
    CONFIGURATION,
    TEMPLATE_SUFFIXES,
    UBUNTU,
    Where,
    check,
    expect,
    expect_at_boot,
    expect_package,
    expect_settings,
    expect_source,
    expect_tags,
    fail,
    found_in,
    matches,
    paths,
    visible,
)

if TYPE_CHECKING:
    from packerlab.grader import Build, Disk, Entry, Files, Image, Template


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

RELEASE, TRIED_RELEASE = "1.1", "1.0"
"""The one that the task sheet's examples name is for the trial: nobody can have typed the other."""

SOURCE = f"{UBUNTU}20240514 of {CANONICAL}"
SETTINGS = {"greeting": "Good day", "port": "9090"}
TOKEN = b"lwm-5e0b7c91d24fa386"

SHADOW = "/etc/shadow"
OF_THE_MACHINE = (
    "/etc/machine-id", "/etc/shadow-", "/etc/ssh/ssh_host_*", "*/.ssh/authorized_keys",
    "/run/*", "/tmp/*", "/var/cache/*", "/var/log/*",  # noqa: S108
    "/var/lib/apt/lists/*", "/var/lib/cloud/*",
)  # fmt: skip
"""What differs from machine to machine, or from day to day, whatever a template does."""


@check(points=1, docs="#copies")
def test_one_template(submission: Files) -> None:
    """The copies are gone: no template file is in a subfolder.

    - A colleague adds a step to the image. How many files must be changed?
    - `packer build .` reads the template files at the top; all others are only in the way.
    - When their content is in the one template, delete the folders dev, stage and prod.
    """
    copies = sorted(name for name in submission if "/" in name and name.endswith(TEMPLATE_SUFFIXES))
    if copies:
        fail(
            "There is more than the one template at the top.",
            expected="no template file in a subfolder",
            found=", ".join(visible(name) for name in copies[:8]),
            where=Where(copies[0], 1),
        )


@check(points=1, docs="#not-in-a-file")
def test_no_token(template: Template, submission: Files) -> None:
    """No file contains the metrics token, and no local puts it together.

    - Does everything that only prod has belong in a file that everybody can read?
    - A values file is committed like the template, so a token that moves there is as public.
    - The machines fetch the token themselves: take it out of all files, whatever their names.
    """
    if where := found_in(submission, TOKEN):
        fail("A file contains prod's metrics token.", where=where)
    for name, (expression, where) in template.locals.items():
        if TOKEN.decode() in str(template.value(expression)):
            fail(f"local.{name} is prod's metrics token, put together from parts.", where=where)


@check(points=2, docs="#values-apart")
def test_environments(build: Build, submission: Files) -> None:
    """With each environment's file a build leaves one AMI, in its region and with its tag.

    - Run `packer validate` with each of the three files. Which value does it miss?
    - Each file gives the four variables of the table; the source and its tags use them.
    - Declare the four variables at the top, write `NAME = VALUE` into the files in `env`, and have
      `region` and the tag `Environment` ask `var.NAME`.
    """
    for name, expected in ENVIRONMENTS.items():
        image, _ = built(build, submission, name)
        if image.about["region"] != expected.region:
            fail(
                f"The AMI of {name} is in another region.",
                expected=expected.region,
                found=image.about["region"],
            )
        expect_tags(image.tags, {"Environment": name}, f"The AMI of {name}", submission)


@check(points=1, needs="test_environments", docs="#parameters")
def test_parameters(build: Build, submission: Files) -> None:
    """It is built on the environment's instance type, and encrypted only in prod.

    - Compare the table with what each build asks for. Which row has no effect yet?
    - The machine that builds is `instance_type`; an argument of the source encrypts the AMI.
    - Give the source `var.instance_type`, and `var.encrypted` as its `encrypt_boot`, for example.
    """
    for name, expected in ENVIRONMENTS.items():
        image, types = built(build, submission, name)
        expect_machine(types, expected, f"The AMI of {name}")
        expect_encryption(image, expected, f"The AMI of {name}")


@check(points=2, needs="test_environments", docs="#pinned")
def test_content(build: Build, submission: Files) -> None:
    """Each starts from the tested image, and has labweb as CI asks for it, configured and enabled.

    - Each copy has a mistake that the two others don't have. Look at one step in all three.
    - Base image, version, configuration, service: none of them depends on the environment.
    - Name the source image in full, install `labweb=` and the variable's value, put files/app.conf
      in its place, and enable the service.
    """
    for name in ENVIRONMENTS:
        image, _ = built(build, submission, name)
        expect_source(image, SOURCE, f"The AMI of {name} starts from another image.")
        expect_package(image.disk, "labweb", f"in the AMI of {name}", RELEASE)
        file = f"{CONFIGURATION} in the AMI of {name}"
        expect_settings(image.disk.text(CONFIGURATION), SETTINGS, file, alone=True)
        expect_at_boot(image.disk, "labweb.service", f"in the AMI of {name}")


@check(points=1, needs="test_environments", docs="#same-content")
def test_same(build: Build, submission: Files) -> None:
    """The three images contain the same files, and nothing in them names the environment.

    - Could you tell from the disk alone for which environment it was made?
    - If even one file differs, a test of stage's image says nothing about prod's.
    - No provisioner should use the environment or the time, because both belong in tags. The task
      sheet says where a machine learns its environment.
    """
    first, *others = ENVIRONMENTS
    reference = held(built(build, submission, first)[0].disk)
    for name in others:
        other = held(built(build, submission, name)[0].disk)
        either = sorted(reference.keys() | other.keys())
        different = [path for path in either if reference.get(path) != other.get(path)]
        if different:
            fail(
                f"The images of {first} and {name} do not contain the same files.",
                expected="the same files, byte for byte",
                found=f"different: {paths(innermost(different))}",
            )


@check(points=1, needs="test_environments", docs="#no-questions")
def test_trial(build: Build, submission: Files) -> None:
    """With dev's file and another value in `-var`, that value is used, and all else is dev's.

    - Build dev with `-var encrypted=true`. Is the AMI encrypted, and is it still dev's?
    - Where a template asks `var.environment == ...`, a value in `-var` has no effect.
    - Give each variable to its argument as it is, and `labweb` to the step that installs.
    """
    given = {
        "region": TRIED.region,
        "instance_type": TRIED.instance_type,
        "encrypted": "true",
        "labweb": TRIED_RELEASE,
    }
    told = "The AMI of a trial with dev's file"
    image, types = built(build, submission, "dev", given)
    if image.about["region"] != TRIED.region:
        fail(f"{told} and `-var region={TRIED.region}` is in another region.",
             expected=TRIED.region, found=image.about["region"])  # fmt: skip
    expect_machine(types, TRIED, told)
    expect_encryption(image, TRIED, told)
    expect_tags(image.tags, {"Environment": "dev"}, told, submission)
    expect_package(image.disk, "labweb", "in the AMI of a trial", TRIED_RELEASE)


@check(points=1, needs="test_environments", docs="#no-default")
def test_no_default(build: Build) -> None:
    """Without an environment's file the build fails, and no machine is started.

    - Somebody forgets `-var-file`. For which environment is the image then?
    - A default decides for everyone who forgets to choose.
    - Declare `environment` without a default, and let no file give it by itself.
    """
    answer = build({"labweb": RELEASE})
    started = answer.account.instances
    if started:
        fail(
            "Without an environment's file, Packer still starts a machine.",
            expected="a build that fails before a machine is started",
            found=", ".join(sorted({f"{each['type']} in {each['region']}" for each in started})),
        )
    if answer.exit == 0:
        fail("Without an environment's file the build succeeds.", expected="a build that fails")


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
    answer.expect_success()
    images = answer.account.images
    if len(images) != 1:
        regions = ", ".join(sorted(image.about["region"] for image in images))
        fail(f"A build with {file} does not leave one AMI.", expected="one AMI",
             found=f"{len(images)} AMIs: {regions}" if images else "none")  # fmt: skip
    return images[0], {each["type"] for each in answer.account.instances}


def expect_machine(types: set[str], expected: Environment, told: str) -> None:
    expect(types, {expected.instance_type}, f"{told} is built on another instance type.")


def expect_encryption(image: Image, expected: Environment, told: str) -> None:
    """All disks are encrypted, or none is."""
    devices = [device for device in image.about["block_devices"] if "snapshot" in device]
    words = {True: "encrypted", False: "not encrypted"}
    for device in devices:
        if device["encrypted"] != expected.encrypted:
            found = words[device["encrypted"]]
            fail(f"{told} is {found}.", expected=words[expected.encrypted], found=found)


def held(disk: Disk) -> dict[str, tuple[object, ...]]:
    """What a disk holds that the base does not, by path, without what is the machine's own."""
    paths = [*disk.changed(), *disk.removed()]
    found = {
        visible(path): content(disk.at(path)) for path in paths if not matches(path, OF_THE_MACHINE)
    }
    return {**found, SHADOW: passwords(disk)}


def passwords(disk: Disk) -> tuple[object, ...]:
    """How each user may log in, without the day on which that was said, and without the salt."""
    lines = [line.split(":") for line in disk.text(SHADOW).splitlines()]
    return tuple((line[0], "a password" if line[1][:1] == "$" else line[1]) for line in lines)


def innermost(paths: list[str]) -> list[str]:
    """Sorted paths without the folders in which the next one lies."""
    return [path for path, after in pairwise([*paths, ""]) if not after.startswith(f"{path}/")]


def content(entry: Entry | None) -> tuple[object, ...]:
    """What is compared of an entry; nothing where it is gone."""
    if entry is None:
        return ()
    size = entry.size if entry.kind == "file" else 0
    about = (entry.kind, entry.mode, entry.owner, entry.group)
    return (*about, size, entry.target, entry.sha256)
