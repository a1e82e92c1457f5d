"""A template from 2019: from JSON to HCL, and what it makes stays the same."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from packerlab.grader import (
    Tag,
    check,
    comes_again,
    expect,
    expect_exit,
    expect_package,
    expect_settings,
    expect_tags,
    fail,
    place_of,
    settings,
    sources_in_use,
    steady,
    time_formats,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packerlab.grader import Answer, Block, Build, Console, Files, Hidden, Image, Run, Template

EMPTIED = {"web.json": b"{}\n"}
"""The template of 2019, without anything that a build could still take from it."""

CONF = "/etc/image.conf"
LINT = "lint.txt"
MANIFEST = "manifest.json"

BUILT = "%Y-%m-%d %H:%M"
SLACK = timedelta(minutes=15)
"""How far the time of a build can be from the one at which its AMI appears."""


@check(points=2, docs="#draft")
def test_ami(template: Template, build: Build, hidden: Hidden) -> None:
    """`packer build .` makes one AMI from HCL alone, with labweb in it.

    - What does Packer complain of? If nothing: which steps are missing from its output?
    - `only` in a step takes whole names of builds. In HCL such a name begins with the type of the
      source. A name that no build has is no error: the step is skipped.
    - Write the draft with `packer hcl2_upgrade`. Replace the functions that HCL does not have, and
      let the steps for the machine have `only = ["amazon-ebs.web"]`.
    """
    expect_machines(template)
    answer = migrated(build, hidden)
    if not sources_in_use(template, "amazon-ebs"):
        fail("No build in HCL has a source `amazon-ebs`.", expected="the AMI's source in HCL")
    expect_package(answer.account.image().disk, "labweb", "in the AMI")


@check(points=2, needs="test_ami", docs="#timestamp")
def test_name(build: Build, hidden: Hidden, submission: Files) -> None:
    """The AMI's name is `web-`, the release with hyphens for plus signs, `-`, and the seconds.

    - Build both templates. Which part of the two names has another form?
    - HCL's function `timestamp()` and the builder's `{{timestamp}}` give different texts. Which of
      the two has ten digits, as the names had so far?
    - Write `{{timestamp}}` in `ami_name`, and let the builder fill it in. Put hyphens for the
      plus signs of the release with `replace(var.release, "+", "-")`.
    """
    image = migrated(build, hidden).account.image()
    release = inputs(hidden)["release"]
    beginning = f"web-{release.replace('+', '-')}-"
    seconds = image.name.removeprefix(beginning)
    if seconds != image.name and is_now(seconds, image):
        return
    fail(
        "The AMI has another name than with web.json.",
        expected="web-, the release with hyphens for plus signs, -, the seconds since 1970",
        found=steady(image.name, submission, release),
    )


@check(points=1, needs="test_ami", docs="#functions")
def test_tags(
    template: Template, build: Build, console: Console, hidden: Hidden, submission: Files
) -> None:
    """The AMI has the tags that web.json gives it.

    - Which tags does the build with web.json print, and which does yours?
    - HCL has functions of its own: `upper`, `formatdate`, `timestamp`. Only `.SourceAMI` is still
      the builder's.
    - Stage is `upper(var.stage)`, and Built is `formatdate` with `YYYY-MM-DD hh:mm`, of
      `timestamp()`.
    """
    image = migrated(build, hidden).account.image()
    given = inputs(hidden)
    expected: dict[str, str | Tag] = {
        "Name": f"web {given['release']}",
        "Release": given["release"],
        "Stage": given["stage"].upper(),
        "GitSha": given["git_sha"],
        "BaseAMI": Tag(str(image.about["source_image"]), "the id of the source image"),
    }
    expect_tags(image.tags, expected, "The AMI", submission)
    expect_whole_day(template, console)
    found = image.tags.get("Built", "")
    if not is_minute(found, image):
        fail(
            "The AMI does not have the right tag Built.",
            expected="Built: the minute of the build in UTC, such as 2019-03-07 16:45",
            found=f"Built: {steady(found, submission)}" if found else "no tag Built",
        )


@check(points=1, needs="test_ami", docs="#names")
def test_conf(build: Build, hidden: Hidden) -> None:
    """/etc/image.conf has the lines that web.json's build writes.

    - Which lines does the file have after a build with web.json, and what writes each of them?
    - In HCL, `build.name` is the name of the build block, and `source.name` the name of the source.
      `${` begins something that Packer replaces; `$${` is for the shell.
    - Let install.sh write its line first. After it, write `build` from `source.name`, `release`
      from the variable, and `system` from the shell's `$${ID}`.
    """
    image = migrated(build, hidden).account.image()
    given = inputs(hidden)
    if fingerprint(given["repo_token"]) != settings(image.disk.text(CONF)).get("token", [""])[0]:
        message = f"{CONF} does not have the line that install.sh writes for the token."
        fail(message, expected="token= and the token's digest, as install.sh computes it")
    expected = {
        "build": "web",
        "release": given["release"],
        "system": settings(image.disk.text("/etc/os-release")).get("ID", [""])[0],
    }
    expect_settings(image.disk.text(CONF), expected, CONF)


@check(points=1, needs="test_ami", docs="#only")
def test_lint(build: Build, hidden: Hidden) -> None:
    """The lint runs once, in a build of type null, and a script that sh can't read fails it.

    - How often does the lint run, and in which build? `lint.txt` gets a line each time.
    - In HCL, the build of the source `lint` of type null is called `null.lint`.
    - Give the lint's step `only = ["null.lint"]`, and let nothing swallow its exit code.
    """
    lines = migrated(build, hidden).files.text(LINT).splitlines()
    message = "The lint does not run once, in a build of type null."
    expect([line.strip() for line in lines], ["checked in a build of type null"], message)
    broken = {f"scripts/odd_{hidden('script')}.sh": b"#!/bin/sh\nif true; then\n"}
    answer = build(inputs(hidden), ["-except=*amazon-ebs.*"], files=broken | EMPTIED)
    if answer.exit == 0:
        message = "With a script that sh can't read, the build of type null succeeds."
        fail(message, expected="another exit code than 0", found="0")


@check(points=1, needs="test_ami", docs="#only")
def test_manifest(build: Build, hidden: Hidden) -> None:
    """manifest.json has an entry for the AMI, and none for the lint.

    - What is in `manifest.json` after a build with web.json, and after one with yours?
    - `except` takes names of HCL too. A name that no build has keeps nothing out.
    - Give `manifest` the argument `except = ["null.lint"]`, or `only` with the AMI's build.
    """
    answer = migrated(build, hidden)
    ami = f"{answer.account.image().about['region']}:{answer.account.image().id}"
    found = [
        "the AMI" if entry.get("artifact_id") == ami else f"a {kind_of(entry)} without the AMI"
        for entry in answer.files.manifest(MANIFEST)
    ]
    expect(found, ["the AMI"], f"{MANIFEST} does not have the AMI alone.", no="no entry")


@check(points=1, needs="test_ami", docs="#inputs")
def test_inputs(build: Build, run: Run, hidden: Hidden, submission: Files) -> None:
    """The inputs come in as before: release has no default, the others have the same ones.

    - What does CI give by `-var`, and what has it only in its environment?
    - `env` is a function for the default of a variable. A variable without a default is required.
    - `release` has a type and no default. The default of `git_sha` is `env("GIT_SHA")`, of
      `repo_token` it is `env("REPO_TOKEN")`, and of `stage` it is `test`.
    """
    answer = by_environment(run, hidden)
    expect_exit(answer, "A build with GIT_SHA and REPO_TOKEN in its environment")
    image = answer.account.image()
    told = "The AMI of a build that is given only the release"
    stage = image.tags.get("Stage", "")  # whether it is in capitals is what `test_tags` asks
    expected = {
        "GitSha": environment(hidden)["GIT_SHA"],
        "Stage": stage if stage.upper() == "TEST" else "TEST",
    }
    expect_tags(image.tags, expected, told, submission)
    token = environment(hidden)["REPO_TOKEN"]
    if settings(image.disk.text(CONF)).get("token") != [fingerprint(token)]:
        fail("The token does not come from REPO_TOKEN.", expected="the environment's token")
    given = {name: value for name, value in inputs(hidden).items() if name != "release"}
    if build(given, files=EMPTIED).account.images:
        message = "A build that is not given a release makes an AMI all the same."
        fail(message, expected="a build that stops, because a value is missing", found="an AMI")


@check(points=1, needs="test_inputs", docs="#inputs")
def test_token(run: Run, hidden: Hidden) -> None:
    """The token is in nothing that the build prints.

    - install.sh runs under `sh -x`, which prints each command. Why is the token not in the log of
      web.json's build?
    - web.json lists the token in `sensitive-variables`. In HCL the variable itself says so.
    - Put `sensitive = true` into the block of the variable `repo_token`.
    """
    token = environment(hidden)["REPO_TOKEN"]
    if by_environment(run, hidden).places(token, "output"):
        message = "The build prints the token."
        fail(message, expected="<sensitive> in its place", found="the token")


# --- the builds, and what they are given ----------------------------------------------------------


def inputs(hidden: Hidden) -> dict[str, str]:
    """The variables of the task sheet, with values that no template can hold already."""
    return {
        "release": f"{hidden.version('release')}+{hidden('build')}",
        "git_sha": hidden.mixed("commit"),
        "stage": hidden.word("stage"),
        "repo_token": hidden.secret("token"),
    }


def migrated(build: Build, hidden: Hidden) -> Answer:
    """One build of the folder with all variables set."""
    answer = build(inputs(hidden), files=EMPTIED)
    answer.expect_success()
    return answer


def environment(hidden: Hidden) -> dict[str, str]:
    """What CI has in the environment of a build."""
    return {"GIT_SHA": hidden.mixed("CI's commit"), "REPO_TOKEN": hidden.secret("CI's token")}


def by_environment(run: Run, hidden: Hidden) -> Answer:
    """One build as CI calls it, whose output is what a person would see."""
    release = f"-var=release={inputs(hidden)['release']}"
    words = ["packer", "build", "-color=false", release, "."]
    return run(words, env=environment(hidden), files=EMPTIED)


def fingerprint(token: str) -> str:
    """What install.sh writes of a token."""
    return hashlib.sha256(token.encode()).hexdigest()[:16]


def kind_of(entry: dict[str, object]) -> str:
    kind = entry.get("builder_type")
    return "build of type null" if kind == "null" else "build"


# --- times ----------------------------------------------------------------------------------------


def created(image: Image) -> datetime:
    return datetime.fromisoformat(str(image.about["created"]))


def is_now(seconds: str, image: Image) -> bool:
    """Whether a text is the number of seconds since 1970 at the time of the build."""
    if not re.fullmatch(r"[0-9]{10}", seconds):
        return False
    return abs(created(image).timestamp() - int(seconds)) < SLACK.total_seconds()


def is_minute(text: str, image: Image) -> bool:
    """Whether a text is the minute of the build."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}", text):
        return False
    try:
        found = datetime.strptime(f"{text} +0000", f"{BUILT} %z")
    except ValueError:
        return False
    return abs(created(image) - found) < SLACK


def expect_whole_day(template: Template, console: Console) -> None:
    """Fail where the tags have the hours of a clock with twelve, which are right until noon."""
    blocks = [block for blocks in sources_in_use(template, "amazon-ebs") for block in blocks]
    for tags in (block.attributes["tags"] for block in blocks if "tags" in block.attributes):
        formats = time_formats(template, [tags])
        if formats and comes_again(console, formats) == "half day":
            fail(
                "The time in the tags is the same half a day later.",
                expected="hours from 00 to 23",
                found=" and ".join(formats),
                where=place_of(blocks, "tags"),
            )


# --- steps that would wait for a machine ----------------------------------------------------------


class Step(NamedTuple):
    """A step that needs a machine, in a build that has none."""

    block: Block
    build: str


def expect_machines(template: Template) -> None:
    """Fail where a step would try for five minutes to reach a machine that is not there."""
    for step in stranded(template):
        fail(
            f"A `{step.block.labels[0]}` step also runs in {step.build}, which has no machine. "
            "Packer tries to reach one for five minutes.",
            expected="`only` with the names of builds that have a machine",
            where=step.block.where,
        )


def stranded(template: Template) -> Iterator[Step]:
    """Each such step, of those whose `only` and `except` can be read without Packer."""
    for build in template.builds:
        names = [name for name in names_of(template, build) if name.startswith("null.")]
        for block in template.provisioners(build):
            if block.labels[:1] in (["shell"], ["file"]):
                yield from (Step(block, name) for name in names if runs_in(template, block, name))


def names_of(template: Template, build: Block) -> Iterator[str]:
    """What the builds of a block are called, where our parser can tell."""
    for name, _, inner in template.source_of(build):
        renamed = template.attribute(inner, "name") if inner else None
        if renamed is None:
            yield name
        elif isinstance(renamed, str):
            yield f"{name.partition('.')[0]}.{renamed}"


def runs_in(template: Template, block: Block, name: str) -> bool:
    """Whether a step is known to run in a build."""
    chosen, excluded = (template.attribute(block, word) for word in ("only", "except"))
    if not all(each is None or isinstance(each, list) for each in (chosen, excluded)):
        return False
    return name in chosen if chosen else name not in (excluded or [])
