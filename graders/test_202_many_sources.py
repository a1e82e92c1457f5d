"""Many sources: three builds in one template, steps for some of them, one failure of three."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from packerlab.grader import (
    check,
    expect,
    expect_nothing_left,
    expect_settings,
    fail,
    has_package,
    sources_in_use,
)

if TYPE_CHECKING:
    from packerlab.grader import Answer, Build, Disk, Hidden, Template


NOTES = "release-notes.txt"
MANIFEST = "manifest.json"
CONF = "/etc/kiosk.conf"

PACKAGES = ("labweb", "labtool")
"""Those that only one of the images is to have."""

ONLY_WEB = "-only=*amazon-ebs.web"
NO_IMAGES = "-except=*amazon-ebs.web,*amazon-ebs.worker"


class Role(NamedTuple):
    """What an image is for: its package, and how many threads it has to run."""

    package: str
    threads: str


ROLES = {"web": Role("labweb", "2"), "worker": Role("labtool", "8")}


@check(points=2, docs="#builds")
def test_builds(build: Build, hidden: Hidden) -> None:
    """One `packer build` makes the images for web and worker, and the release notes.

    - How many builds does Packer start from this template, and what is each of them called?
    - One source can be built twice. Inside `build`, a `source` block names it, renames it and adds
      what is missing. It can't set an argument that the source has already set.
    - Take `ami_name` out of the source and give it in two `source` blocks of the build, named web
      and worker. Add a `file` source for the notes and list it in `sources`.
    """
    answer = build(release(hidden))
    if answer.exit != 0:
        fail("`packer build` fails.", found=reason(answer), where=answer.error[1])
    expect_made("One build does not make all three.", answer, [*names(hidden).values(), NOTES])
    line = answer.files.text(NOTES).rstrip("\r\n")
    expect(line, f"kiosk {release(hidden)['release']}", f"{NOTES} says something else.")


@check(points=2, needs="test_builds", docs="#only")
def test_packages(build: Build, hidden: Hidden) -> None:
    """Only the web image has the package labweb, and only the worker image has labtool.

    - For which builds do the two steps run? Compare their words with the names of the builds.
    - `only` and `except` in a step compare whole names. A name that fits no build is not an error:
      the step is skipped, but the build succeeds.
    - Give each of the two steps an `only` with the one name `type.name`, and take the name that the
      build has now, not the one of the source that it was made from.
    """
    for role, disk in disks(build, hidden).items():
        wanted = ROLES[role].package
        found = sorted(package for package in PACKAGES if has_package(disk, package))
        if found != [wanted]:
            fail(
                f"The {role} image does not have the packages that it should.",
                expected=f"{wanted} alone",
                found=" and ".join(found) or "neither labweb nor labtool",
            )


@check(points=2, needs="test_builds", docs="#override")
def test_configuration(build: Build, hidden: Hidden) -> None:
    """/etc/kiosk.conf in each image has the release, and its own role and threads.

    - The script writes what its environment says. Who tells it which machine it is on?
    - `override` gives a step other arguments for one build. A list in it replaces the step's own
      list entry by entry. `PACKER_BUILD_NAME` is the name of the source, not the one that you gave.
    - Give RELEASE, ROLE and THREADS in `environment_vars`, and all three again, in the same order,
      in an `override` for worker; its keys are names without a type.
    """
    for role, disk in disks(build, hidden).items():
        expected = {
            "release": release(hidden)["release"],
            "role": role,
            "threads": ROLES[role].threads,
        }
        expect_settings(disk.text(CONF), expected, f"{CONF} in the {role} image")


@check(points=1, needs="test_builds", docs="#command-line")
def test_choice(template: Template, build: Build, hidden: Hidden) -> None:
    """`-only` can build the web image alone, and `-except` can build the notes alone.

    - What are your builds called? The task sheet has a name for each of the three.
    - The patterns are compared with `type.name`, and with `build.type.name` where the `build` block
      has a name. A pattern that matches nothing selects nothing.
    - A `source` block in the build gets its name from `name`: here it is web, or worker.
    """
    for option, expected in ((ONLY_WEB, names(hidden)["web"]), (NO_IMAGES, NOTES)):
        words, _, patterns = option.partition("=")
        message = f"`packer build {words}='{patterns}' .` makes something else."
        expect_made(message, build(release(hidden), [option]), [expected])
    for blocks in sources_in_use(template, "file"):
        name = template.attribute(blocks[0], "name") or blocks[0].labels[-1].rpartition(".")[2]
        if isinstance(name, str) and name != "notes":
            fail(
                "The build that makes the notes is not called `file.notes`.",
                expected="file.notes",
                found=f"file.{name}",
                where=blocks[0].where,
            )


@check(points=2, needs="test_builds", docs="#manifest")
def test_manifest(build: Build, hidden: Hidden) -> None:
    """manifest.json records all three, each with its role in custom_data.

    - Somebody has only the manifest. Can they tell which of the two AMIs is for the web?
    - `name` in a manifest is the source's, so both images have the same one there. `custom_data`
      is yours, and an expression in it has its own value in each build.
    - One `manifest` for the whole build is enough: let `role` in its `custom_data` be the
      expression that is the build's own name, `source.name`.
    """
    answer = build(release(hidden))
    ids = {image.about["id"]: image.name for image in answer.account.images}
    recorded = sorted({recorded_as(entry, ids) for entry in answer.files.manifest(MANIFEST)})
    expected = sorted([f"notes: {NOTES}", *(f"{role}: {n}" for role, n in names(hidden).items())])
    if recorded != expected:
        fail(
            "The manifest does not record each of the three with its role.",
            expected=", ".join(expected),
            found=", ".join(recorded) or "no records",
        )


@check(points=1, needs="test_builds", docs="#failure")
def test_failure(build: Build, hidden: Hidden) -> None:
    """If the worker's package can't be installed, the build fails, but keeps the other two.

    - If there is no such package, does the worker's step fail or succeed?
    - Builds are independent, so the others continue to the end. But if a step hides a failure, no
      build fails at all.
    - Install the package that `tool` names, in a line of its own in `inline`, with nothing after it
      that turns a failure into a success.
    """
    answer = build({**release(hidden), "tool": f"no-{hidden('tool')}"})
    if answer.exit == 0:
        fail(
            "The worker's package can't be installed, but the build succeeds.",
            expected="an exit code other than 0",
            found="0",
        )
    message = "When the worker fails, what remains is not the web image and the notes."
    expect_made(message, answer, [names(hidden)["web"], NOTES])
    expect_nothing_left(answer.account, "The failed build")


# --- what the checks stand on ---------------------------------------------------------------------


def release(hidden: Hidden) -> dict[str, str]:
    """The variable `release`, with a value that no template can hold already."""
    return {"release": hidden.version("release")}


def names(hidden: Hidden) -> dict[str, str]:
    """The AMIs' names, by role."""
    return {role: f"kiosk-{role}-{release(hidden)['release']}" for role in ROLES}


def reason(answer: Answer) -> str:
    """Why a build failed: the last two lines that a failed script complained of, then Packer's."""
    said = [
        message.data[1]
        for message in answer.messages
        if message.type == "ui" and message.data[:1] == ["error"] and len(message.data) > 1
    ]
    scripts = {
        message.target
        for message in answer.messages
        if message.type == "error" and "".join(message.data).startswith("Script exited")
    }
    found = []
    for name in sorted(scripts):
        own = [line.partition(": ")[2] for line in said if line.startswith(f"==> {name}: ")]
        found += [re.sub(r"(?<=/script_)[0-9]+", "N", line) for line in own[-2:]]
    return "\n".join([*found, answer.error[0] or f"exit code {answer.exit}"])


def disks(build: Build, hidden: Hidden) -> dict[str, Disk]:
    """The images' disks, by role, after a whole build."""
    images = {image.name: image.disk for image in build(release(hidden)).account.images}
    return {role: images[name] for role, name in names(hidden).items()}


def expect_made(message: str, answer: Answer, expected: list[str]) -> None:
    """Fail the check where a build leaves other AMIs or files than expected, by name."""
    files = [name for name in answer.files.names() if name != MANIFEST]
    made = sorted([image.name for image in answer.account.images] + files)
    expect(made, sorted(expected), message)


def recorded_as(entry: dict[str, Any], ids: dict[str, str]) -> str:
    """A record of the manifest in words: its role, and the AMI or the files that it has."""
    data, files, artifact = entry.get("custom_data"), entry.get("files"), entry.get("artifact_id")
    role = data.get("role") if isinstance(data, dict) else None
    amis = [part.rpartition(":")[2] for part in str(artifact).split(",") if ":ami-" in part]
    made = [ids.get(ami, "an unknown AMI") for ami in amis]
    for file in files if isinstance(files, list) else []:
        path = file.get("name") if isinstance(file, dict) else None
        made.append(PurePosixPath(str(path)).name)
    return f"{role or 'no role'}: {' and '.join(made) or 'nothing'}"
