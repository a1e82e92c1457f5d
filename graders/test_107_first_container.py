"""A first container image: names, settings, a secret that stays out, and an archive of it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from packerlab.grader import (
    CONFIGURATION,
    check,
    expect_settings,
    fail,
    matches,
    program_of,
    visible,
)

if TYPE_CHECKING:
    from packerlab.grader import Answer, Build, ContainerImage, Hidden, SavedImage


NAME = "labweb"
BASE = "debian:bookworm-slim"
ARCHIVE = "labweb.tar"
VERSION = "org.opencontainers.image.version"
LISTS = "/var/lib/apt/lists/"


@check(points=2, docs="#commit")
def test_image(build: Build, hidden: Hidden) -> None:
    """The build leaves the image, made from debian:bookworm-slim, with labweb installed.

    - What does this build leave: an image, or only the files of one?
    - A `docker` source either exports files or commits an image, and only images have names.
    - Replace `export_path` with `commit`, and add a `docker-tag` post-processor with the repository
      `labweb` and the tags from the task sheet.
    """
    image = made(build, hidden)
    if image.base != BASE:
        found = image.base or "files without a base image"
        fail(f"The image is not made from {BASE}.", expected=BASE, found=found)
    if NAME not in image.disk.packages():
        fail("The package labweb is not installed in the image.", expected=NAME)


@check(points=1, needs="test_image", docs="#provision")
def test_configuration(build: Build, hidden: Hidden) -> None:
    """/etc/labweb/app.conf is what configure.sh writes for this greeting and this token.

    - Does `configure.sh` run in the container, and does it run after labweb is installed?
    - It reads two environment variables. A provisioner can set them for one script only.
    - Run it in a `shell` provisioner with `script`, after the one that installs labweb, with
      GREETING and TOKEN in its `environment_vars`.
    """
    inputs = values(hidden)
    expected = {
        "address": "0.0.0.0",  # noqa: S104
        "port": "8080",
        "greeting": inputs["greeting"],
        "license": hashlib.sha256(inputs["token"].encode()).hexdigest(),
    }
    text = made(build, hidden).disk.text(CONFIGURATION)
    expect_settings(text, expected, CONFIGURATION, alone=True)


@check(points=2, needs="test_image", docs="#changes")
def test_settings(build: Build, hidden: Hidden) -> None:
    """Its containers run labweb as the user labweb, and the image has its port and its label.

    - `docker inspect labweb:1.4.2` shows the settings of an image. Which ones are missing?
    - `changes` takes lines of a Dockerfile: USER, EXPOSE, LABEL, ENTRYPOINT and CMD.
    - Set USER, EXPOSE and LABEL, and both ENTRYPOINT and CMD, because Packer 1.6.6 leaves the shell
      that it built with as the entrypoint.
    """
    image = made(build, hidden)
    settings = image.settings
    program = image.disk.resolve("/usr/sbin/labweb")
    if program is None or program_of(image) != program.path:
        words = " ".join(map(visible, [*settings.entrypoint, *settings.command]))
        fail(
            "A container of this image does not run labweb.",
            expected=NAME,
            found=words or "no command",
        )
    user = settings.user.partition(":")[0]
    number = image.disk.users()[NAME].uid if NAME in image.disk.users() else ""
    if user not in (NAME, str(number)):
        fail(
            "A container of this image does not run as the user labweb.",
            expected=NAME,
            found=visible(user) or "root, as no user is set",
        )
    if "8080/tcp" not in settings.ports:
        found = ", ".join(map(visible, settings.ports)) or "no port"
        fail("The image does not expose the port that it serves.", expected="8080/tcp", found=found)
    release = values(hidden)["release"]
    if settings.labels.get(VERSION) != release:
        found = visible(settings.labels.get(VERSION, "no such label"))
        fail(f"The label {VERSION} is not the release.", expected=release, found=found)


@check(points=1, needs="test_image", docs="#tags")
def test_tags(build: Build, hidden: Hidden) -> None:
    """The image has the names labweb:stable and labweb:RELEASE, and no other.

    - Which names does the image have, and which will still refer to it next month?
    - `docker-tag` takes a list of `tags`, and uses `latest` if you set none.
    - Use one `docker-tag` with two entries in `tags`: `stable`, and the variable `release`.
    """
    image = made(build, hidden)
    wanted = names(hidden)
    if sorted(image.names) != wanted:
        found = ", ".join(sorted(map(visible, image.names)))
        message = "The image does not have exactly these two names."
        fail(message, expected=", ".join(wanted), found=found)
    others = [other for other in build_of(build, hidden).containers.images if other.id != image.id]
    if others:
        fail("The build leaves more than one image.", expected="one image", found=len(others) + 1)


@check(points=2, needs="test_image", docs="#secrets")
def test_secret(build: Build, hidden: Hidden) -> None:
    """The token is nowhere in the image: in no file, no layer and no setting.

    - If you search the image's files, variables and labels, where do you find the token?
    - ENV stays in the image for good. A value that one script needs can be passed to that script
      alone.
    - Remove the token from `changes` and from every file that you upload. Pass it in the
      `environment_vars` of the provisioner that runs `configure.sh`.
    """
    image = made(build, hidden)
    token = values(hidden)["token"]
    where = sorted(set(image.places(token)))
    if where:
        fail("The token is in the image.", expected="nowhere", found=", ".join(where[:4]))


@check(points=1, needs="test_image", docs="#lean")
def test_lean(build: Build, hidden: Hidden) -> None:
    """The image contains no package lists.

    - What does `apt-get update` leave in a container, and does anything need it afterwards?
    - The lists are in /var/lib/apt/lists. `apt-get clean` does not remove them.
    - Delete everything in /var/lib/apt/lists after the last `apt-get`.
    """
    disk = made(build, hidden).disk
    lists = [path for path in disk.changed() if is_list(disk.at(path), path)]
    if lists:
        found = ", ".join(map(visible, lists[:3]))
        fail("Package lists are left in the image.", expected="none", found=found)


@check(points=1, needs="test_image", docs="#save")
def test_archive(build: Build, hidden: Hidden) -> None:
    """labweb.tar contains this image, under the name with the release.

    - After `docker load -i labweb.tar` on another machine, which name does the image have?
    - `docker-save` saves what the step before it passes on. With several tags, that is the last.
    - In one `post-processors` block, write `docker-tag` with the release last in `tags`, then
      `docker-save`.
    """
    image = made(build, hidden)
    saved = build_of(build, hidden).containers.archive(ARCHIVE).images
    if not saved:
        fail(f"{ARCHIVE} contains no image, only the files of one.", expected="an image")
    if [each.id for each in saved] != [image.id]:
        fail(f"{ARCHIVE} contains another image than the one with the tags.", expected="this image")
    if not is_whole(saved[0], image):
        fail(f"{ARCHIVE} has layers that are not this image's.", expected="this image's layers")
    wanted = f"{NAME}:{values(hidden)['release']}"
    if wanted not in saved[0].names:
        found = ", ".join(map(visible, saved[0].names)) or "no name"
        fail(f"{ARCHIVE} does not have the image as {wanted}.", expected=wanted, found=found)


# --- what the checks stand on --------------------------------------------------------------------


def values(hidden: Hidden) -> dict[str, str]:
    """The inputs of the build that is graded."""
    return {
        "release": hidden.version("release"),
        "greeting": hidden.text("greeting"),
        "token": hidden.secret("token"),
    }


def names(hidden: Hidden) -> list[str]:
    return sorted([f"{NAME}:stable", f"{NAME}:{values(hidden)['release']}"])


def build_of(build: Build, hidden: Hidden) -> Answer:
    answer = build(values(hidden))
    answer.expect_success()
    return answer


def made(build: Build, hidden: Hidden) -> ContainerImage:
    """The image that the build left, under whichever of its names."""
    containers = build_of(build, hidden).containers
    wanted = names(hidden)
    for image in containers.images:
        if any(name.partition(":")[0] == NAME for name in image.names):
            return image
    return containers.image(wanted[0])


def is_list(entry: object, path: str) -> bool:
    """Whether it is a package list, here or elsewhere: the folder's lock is none."""
    named = matches(path, ("*_Packages*", "*_InRelease", "*_Release"))
    lies_there = path.startswith(LISTS) and not path.endswith("/lock")
    return getattr(entry, "kind", "") == "file" and (named or lies_there)


def is_whole(saved: SavedImage, image: ContainerImage) -> bool:
    """Whether an archive's layers are those that the image's settings name."""
    return saved.layers == image.diff_ids
